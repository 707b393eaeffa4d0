"""API keys: format, creation, rotation and revocation."""
