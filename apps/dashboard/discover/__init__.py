"""Discover: all live channels in one table, with filters."""
