"""Backup and restore of the relational database and of history."""
