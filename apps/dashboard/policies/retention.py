"""Data retention rules for the privacy page, read from the settings of topics, tables, Redis keys and sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from apps.ingest import outside_list
from apps.ingest.services import KEY_DAYS_KEPT
from apps.metrics import board_history
from apps.metrics.boards import UNRANKED_AFTER_MS
from apps.metrics.models import ChannelDay, ChannelEvent, HourWindow, LiveWindow, MinuteWindow, StreamSummary
from apps.status.services import DAY_RETENTION_MS
from core.contracts import redis_keys
from core.metrics.docs import span
from core.pipeline.topics import TOPIC
from core.times import DAY_MS

UNTIL_OPT_OUT = "until the channel opts out"
# Descriptions of the topics. Each topic's rule also covers its dead-letter topic.
TOPICS: Mapping[str, str] = {
    "chat": "Chat messages, with a hash in place of the author",
    "windows-live": "Live metrics of channels, in transit",
    "windows-distinct": "Live chatter counts of channels, in transit",
    "windows": "Channel metrics per minute and hour, in transit",
    "channel-events": "Events of channels, in transit, without the names of the people involved",
}
TABLES: Mapping[Any, str] = {
    LiveWindow: "30-second metrics of channels, every 10 s",
    MinuteWindow: "Metrics of channels per minute",
    ChannelEvent: "Events and gaps of channels",
    HourWindow: "Metrics of channels per hour",
    ChannelDay: "Metrics of channels per day",
    StreamSummary: "Summaries of broadcasts",
}


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A kind of data and its retention, both as display text."""

    data: str
    period: str


def chat_retention() -> list[RetentionRule]:
    """Return the retention of data about chatters and channels."""
    day_key = RetentionRule(
        "Random daily key for the hashes", f"{duration_text(KEY_DAYS_KEPT * DAY_MS)} after the end of that day"
    )
    topics = [RetentionRule(data, _topic_retention(name)) for name, data in TOPICS.items()]
    tables = [RetentionRule(data, _table_retention(table)) for table, data in TABLES.items()]
    opt_outs = RetentionRule("Opt-outs, by Twitch ID and name", "until withdrawn")
    requests = RetentionRule("Text of opt-out requests", "until a curator decides")
    live = dict.fromkeys(channel_data_in_redis().values())
    return [topics[0], day_key, *topics[1:], *tables, *live, opt_outs, requests, *_opt_out_retention()]


def account_retention() -> list[RetentionRule]:
    """Return the retention of data about account holders."""
    return [
        RetentionRule("Sessions, with IP address and browser", duration_text(settings.SESSION_COOKIE_AGE * 1000)),
        RetentionRule("Email addresses, password hash, second factors, settings", "until the account is deleted"),
        RetentionRule("Watchlists, notes, searches, share links, requests", "until they or the account are deleted"),
        RetentionRule("API keys (as hashes) and their usage", "until the account is deleted"),
        *account_data_in_redis().values(),
        RetentionRule("Audit log of staff decisions; non-staff accounts appear by account number", "indefinitely"),
        RetentionRule("Daily service quality", duration_text(DAY_RETENTION_MS)),
    ]


def channel_data_in_redis() -> dict[str, RetentionRule]:
    """Return the retention of data about channels in Redis, by key name in core/contracts/redis_keys.py."""
    newest = RetentionRule(
        "Newest live metrics and ranks of channels", f"{duration_text(UNRANKED_AFTER_MS)} after their last update"
    )
    return {
        "board": newest,
        "window_ends": newest,
        "window_values": newest,
        "board_history": RetentionRule(
            "Live metrics of the past minutes, for rank changes", duration_text(board_history.EXPIRES_S * 1000)
        ),
        "CHANNEL_LIST": RetentionRule(
            "List of tracked channels, with names, titles and viewers", "while the channel is tracked"
        ),
        "OUTSIDE_LIST": RetentionRule(
            "Live channels that are not tracked, with viewers", duration_text(outside_list.TTL_S * 1000)
        ),
    }


def account_data_in_redis() -> dict[str, RetentionRule]:
    """Return the retention of data about API clients in Redis, by key name in core/contracts/redis_keys.py."""
    return {
        "RATE_LIMIT": RetentionRule(
            "API requests counted per account, key and IP network",
            f"at most {duration_text(redis_keys.DAILY_COUNT_EXPIRES_S * 1000)}",
        ),
        "connection_leases": RetentionRule(
            "Number of live API connections per account",
            f"{duration_text(redis_keys.LEASE_EXPIRES_S * 1000)} after the last connection",
        ),
    }


def _opt_out_retention() -> list[RetentionRule]:
    """Return the retention of records that outlive an opt-out or a request to opt out."""
    return [
        RetentionRule("Opt-out requests: Twitch name, time and decision", "indefinitely"),
        RetentionRule("Audit log: opt-outs and requests, by Twitch ID and name, with notes", "indefinitely"),
        RetentionRule("Amount of deleted data per channel that opted out, by Twitch ID", "indefinitely"),
    ]


def duration_text(ms: int) -> str:
    """Return a duration as display text, such as 23 h or 2 days."""
    return f"{ms // DAY_MS} days" if ms > DAY_MS and ms % DAY_MS == 0 else span(ms)


def _topic_retention(topic: str) -> str:
    dead_letter_ms = TOPIC[f"{topic}-dlq"].retention_ms
    suffix = (
        f"; unreadable records: {duration_text(dead_letter_ms)}" if dead_letter_ms > TOPIC[topic].retention_ms else ""
    )
    return duration_text(TOPIC[topic].retention_ms) + suffix


def _table_retention(table: Any) -> str:
    seconds = getattr(table, "__options__", {}).get("default_time_to_live", 0)
    return duration_text(seconds * 1000) if seconds else UNTIL_OPT_OUT
