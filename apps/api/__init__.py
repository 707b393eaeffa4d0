"""The partner API: keys, rate limits, REST and live endpoints, and their pages."""
