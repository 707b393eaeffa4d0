"""Up to ten channels on one chart."""
