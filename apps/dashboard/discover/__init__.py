"""All live channels in one table, to find those that fit."""
