"""API keys: creation, rotation and revocation."""
