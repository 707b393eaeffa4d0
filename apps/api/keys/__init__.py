"""Keys: how they are written, made, turned over and ended."""
