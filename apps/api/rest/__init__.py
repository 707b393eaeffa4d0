"""REST endpoints of the API."""
