"""Twitchly: which Twitch channels are watched, talked in and worth buying."""
