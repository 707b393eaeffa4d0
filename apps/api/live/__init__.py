"""Live values over server-sent events and WebSocket."""
