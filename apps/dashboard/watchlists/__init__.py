"""Watchlists: channels that an account keeps together."""
