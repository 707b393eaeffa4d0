"""Watchlist pages."""
