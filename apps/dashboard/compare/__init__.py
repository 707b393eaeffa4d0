"""Up to six channels on one chart."""
