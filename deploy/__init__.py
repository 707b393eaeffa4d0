"""How Twitchly is started."""
