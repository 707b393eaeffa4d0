"""Chat ingest: IRC connections, filtering, buffering and writing to Kafka."""
