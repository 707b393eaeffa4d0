"""The one tree of errors that Twitchly raises on purpose."""


class TwitchlyError(Exception):
    """Something went wrong that Twitchly understands; `retry` says whether trying again helps."""

    retry = False


class BadRecord(TwitchlyError):
    """A record on a topic cannot be used. The message is the reason written to the dead-letter topic."""


class ServiceAway(TwitchlyError):
    """A service we depend on does not answer, or not yet."""

    retry = True


class TwitchRefused(TwitchlyError):
    """Twitch answered, and said no."""


class NotFound(TwitchlyError):
    """What was asked for does not exist."""


class Refused(TwitchlyError):
    """What a person asked for cannot be done as it stands. The message is for them, and says what to do."""
