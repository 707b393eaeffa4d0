"""Benchmarks of Twitchly: `make bench` runs them on this machine and saves the figures in var/bench."""
