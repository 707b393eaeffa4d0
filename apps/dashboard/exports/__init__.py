"""Figures to take along: CSV and NDJSON of charts and tables."""
