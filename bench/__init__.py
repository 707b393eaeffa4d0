"""How fast it is, on this machine: `make bench` runs all of it and keeps the figures under var/bench."""
