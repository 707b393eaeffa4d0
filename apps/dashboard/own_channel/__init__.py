"""The user's own channel, whose last stream is one click away."""
