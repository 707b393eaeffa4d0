"""What is kept and for how long, read from what keeps it: topics, tables, sessions, keys."""

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

FOR_GOOD = "until the channel opts out"
# What the topics are for people; those of letters that could not be read are told with their own.
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
class Kept:
    """One thing that is kept, and for how long, both in words."""

    what: str
    how_long: str


def kept_of_chat() -> list[Kept]:
    """Return what is kept of those who write and of channels."""
    keys = Kept("The random key that the hashes of a day are made with", f"{lasting(KEY_DAYS_KEPT * DAY_MS)} after it")
    passing = [Kept(what, _with_unread(name)) for name, what in TOPICS.items()]
    stored = [Kept(what, _ttl(table)) for table, what in TABLES.items()]
    out = Kept("Who opted out, by number and name on Twitch", "until they take it back")
    asked = Kept("What was written in a request to opt out", "until a curator has decided")
    return [passing[0], keys, *passing[1:], *stored, out, asked, *_kept_of_opt_outs()]


def kept_of_accounts() -> list[Kept]:
    """Return what is kept of those who have an account here."""
    return [
        Kept("A session, with its network address and browser", lasting(settings.SESSION_COOKIE_AGE * 1000)),
        Kept("E-mail addresses, the password’s hash, second factors, settings", "until the account is deleted"),
        Kept("Watchlists, notes, searches, share links, requests", "until they or the account are deleted"),
        Kept("API keys as digests, and how much each asked for", "until the account is deleted"),
        Kept("The staff’s log: who of them decided what; other accounts are numbers in it", "for good"),
        Kept("How well this service worked, day by day", lasting(DAY_RETENTION_MS)),
    ]


def _kept_of_opt_outs() -> list[Kept]:
    """Return what stays of an opt-out when it was taken back, or was never granted: how it was dealt with."""
    return [
        Kept("Who asked to opt out, by name on Twitch, when, and what was decided", "for good"),
        Kept(
            "In the staff’s log: who opted out or asked to, by number and name on Twitch, with notes on it", "for good"
        ),
        Kept("How much was deleted of a channel that opted out, by its number on Twitch", "for good"),
    ]


def lasting(ms: int) -> str:
    """Return a duration as people write it: 23 h, 2 days."""
    return f"{ms // DAY_MS} days" if ms > DAY_MS and ms % DAY_MS == 0 else span(ms)


def _with_unread(topic: str) -> str:
    unread = TOPIC[f"{topic}-dlq"].retention_ms
    longer = f"; what could not be read: {lasting(unread)}" if unread > TOPIC[topic].retention_ms else ""
    return lasting(TOPIC[topic].retention_ms) + longer


def _ttl(table: Any) -> str:
    seconds = getattr(table, "__options__", {}).get("default_time_to_live", 0)
    return lasting(seconds * 1000) if seconds else FOR_GOOD
