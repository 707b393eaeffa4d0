"""A Twitch on loopback: IRC and Helix with an invented or a recorded audience, and a ledger of what was sent."""
