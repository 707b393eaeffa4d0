"""Data retention rules of the privacy page, read from the settings of topics, tables, sessions and keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.ingest.services import KEY_DAYS_KEPT
from apps.metrics.models import ChannelEvent, HourWindow, LiveWindow, MinuteWindow, StreamSummary
from apps.status.services import DAY_RETENTION_MS
from core.metrics.docs import span
from core.pipeline.topics import TOPIC
from core.times import DAY_MS

UNTIL_OPT_OUT = "until the channel opts out"
# Descriptions of the topics. A dead-letter topic is part of the rule of its topic.
TOPICS: Mapping[str, str] = {
    "chat": "Chat messages, with a hash instead of who wrote",
    "windows-live": "A channel’s live figures, on their way",
    "windows-distinct": "A channel’s live chatters, on their way",
    "windows": "A channel’s minutes and hours, on their way",
    "channel-events": "A channel’s events, on their way: who raided, gave or was removed is not told",
}
TABLES: Mapping[Any, str] = {
    LiveWindow: "A channel’s figures of 30 s, every 10 s",
    MinuteWindow: "A channel’s figures by the minute",
    ChannelEvent: "A channel’s events and gaps",
    HourWindow: "A channel’s figures by the hour",
    StreamSummary: "Summaries of a channel’s broadcasts",
}


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A kind of data and how long it is kept, both as display text."""

    what: str
    how_long: str


def chat_retention() -> list[RetentionRule]:
    """Return the retention of data about chatters and channels."""
    day_key = RetentionRule(
        "The random key that the hashes of a day are made with", f"{duration_text(KEY_DAYS_KEPT * DAY_MS)} after it"
    )
    topics = [RetentionRule(what, _topic_retention(name)) for name, what in TOPICS.items()]
    tables = [RetentionRule(what, _table_retention(table)) for table, what in TABLES.items()]
    opt_outs = RetentionRule("Who opted out, by number and name on Twitch", "until they take it back")
    requests = RetentionRule("What was written in a request to opt out", "until a curator has decided")
    return [topics[0], day_key, *topics[1:], *tables, opt_outs, requests, *_opt_out_retention()]


def account_retention() -> list[RetentionRule]:
    """Return the retention of data about account holders."""
    return [
        RetentionRule(
            "A session, with its network address and browser", duration_text(settings.SESSION_COOKIE_AGE * 1000)
        ),
        RetentionRule(
            "E-mail addresses, the password’s hash, second factors, settings", "until the account is deleted"
        ),
        RetentionRule("Watchlists, notes, searches, share links, requests", "until they or the account are deleted"),
        RetentionRule("API keys as digests, and how much each asked for", "until the account is deleted"),
        RetentionRule("The staff’s log: who of them decided what; other accounts are numbers in it", "for good"),
        RetentionRule("How well this service worked, day by day", duration_text(DAY_RETENTION_MS)),
    ]


def _opt_out_retention() -> list[RetentionRule]:
    """Return the retention of records about opt-outs that were withdrawn or declined."""
    return [
        RetentionRule("Who asked to opt out, by name on Twitch, when, and what was decided", "for good"),
        RetentionRule(
            "In the staff’s log: who opted out or asked to, by number and name on Twitch, with notes on it", "for good"
        ),
        RetentionRule("How much was deleted of a channel that opted out, by its number on Twitch", "for good"),
    ]


def duration_text(ms: int) -> str:
    """Return a duration as display text: 23 h, 2 days."""
    return f"{ms // DAY_MS} days" if ms > DAY_MS and ms % DAY_MS == 0 else span(ms)


def _topic_retention(topic: str) -> str:
    dead_letter_ms = TOPIC[f"{topic}-dlq"].retention_ms
    suffix = (
        f"; what could not be read: {duration_text(dead_letter_ms)}"
        if dead_letter_ms > TOPIC[topic].retention_ms
        else ""
    )
    return duration_text(TOPIC[topic].retention_ms) + suffix


def _table_retention(table: Any) -> str:
    seconds = getattr(table, "__options__", {}).get("default_time_to_live", 0)
    return duration_text(seconds * 1000) if seconds else UNTIL_OPT_OUT
