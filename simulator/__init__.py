"""Simulated Twitch on loopback: IRC and Helix with a synthetic or recorded audience, and a ledger of sent messages."""
