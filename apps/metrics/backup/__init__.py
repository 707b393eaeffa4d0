"""Backup and restore: of accounts and lists, and of history."""
