"""Audience depth: chatters per 1,000 viewers, and messages per chatter.

Neither figure is in the metric table, because each combines the newest values of metrics whose windows end at different
times, while a metric is a formula over the columns of one window. The figures have no board, no history and no field in
the API.
"""

from __future__ import annotations


def chatters_per_thousand(chatters: float | None, viewers: float | None) -> float | None:
    """Return the chatters of the past 30 s per 1,000 viewers, or None if a count is unknown or there are no viewers.

    Both counts are the latest known ones: chatters are updated every 5 s, viewers every 60 s.
    """
    return None if chatters is None or not viewers else chatters / (viewers / 1000)


def messages_per_chatter(messages: float | None, chatters: float | None) -> float | None:
    """Return the mean messages per chatter over the past 30 s, or None if there are no chatters."""
    return None if messages is None or not chatters else messages / chatters
