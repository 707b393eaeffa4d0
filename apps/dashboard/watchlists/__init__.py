"""Pages of watchlists."""
