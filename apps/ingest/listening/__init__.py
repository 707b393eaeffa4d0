"""Listening: IRC connections, the buffer, and the writing to Kafka."""
