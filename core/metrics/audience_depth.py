"""How deep an audience is: how many of those who watch write, and how much each of them does."""

from __future__ import annotations


def chatters_per_thousand(chatters: float | None, viewers: float | None) -> float | None:
    """Return the different writers of the past 30 s per 1,000 viewers; None while either is unknown or nobody watches.

    Both are the newest of their kind: writers are counted every 5 s, viewers asked for every 60 s.
    """
    return None if chatters is None or not viewers else chatters / (viewers / 1000)


def messages_per_chatter(messages: float | None, chatters: float | None) -> float | None:
    """Return the mean messages of a writer over the past 30 s; None where nobody wrote."""
    return None if messages is None or not chatters else messages / chatters
