"""Twitchly shows which Twitch channels attract viewers, drive chat and are worth sponsoring."""
