"""Local start-up, container image, systemd units and monitoring configuration."""
