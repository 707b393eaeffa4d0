"""Twitchly's own exception hierarchy."""


class TwitchlyError(Exception):
    """Base class of expected errors; `retry` says whether a retry may succeed."""

    retry = False


class BadRecord(TwitchlyError):
    """A record cannot be processed. The message becomes the reason in the dead-letter topic."""


class ServiceUnavailable(TwitchlyError):
    """A service that Twitchly depends on is unavailable."""

    retry = True


class TwitchRefused(TwitchlyError):
    """Twitch refused a request."""


class NotFound(TwitchlyError):
    """The requested object does not exist."""


class Refused(TwitchlyError):
    """Invalid user input. The message is shown to the user and explains what to do."""
