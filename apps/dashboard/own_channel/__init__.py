"""The user's own channel: named once, its last stream is one click away."""
