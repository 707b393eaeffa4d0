"""Share links: pages, widgets and overlays that are visible without an account."""
