"""Exports of charts and tables as CSV and NDJSON."""
