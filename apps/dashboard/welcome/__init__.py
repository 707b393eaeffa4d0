"""The first visit: five short steps that end with a watchlist."""
