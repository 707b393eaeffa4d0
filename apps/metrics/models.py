"""Cassandra tables. Their columns match core/metrics/columns.py; a test verifies this.

django-cassandra-engine creates the tables from these models; store.py reads and writes them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from cassandra.cqlengine import columns
from django_cassandra_engine.models import DjangoCassandraModel

DAY_S = 86_400


def _time_window(unit: str, size: int) -> dict[str, Any]:
    return {
        "class": "org.apache.cassandra.db.compaction.TimeWindowCompactionStrategy",
        "compaction_window_unit": unit,
        "compaction_window_size": str(size),
    }


class _Counts(DjangoCassandraModel):  # type: ignore[misc]  # the driver has no types
    """Counts of windows and days that may be summed, and time heard; absent values are unset."""

    __abstract__ = True
    messages = columns.BigInt()
    words = columns.BigInt()
    observed_ms = columns.BigInt()
    first_messages = columns.BigInt()
    returning_messages = columns.BigInt()
    subscriber_messages = columns.BigInt()
    emote_messages = columns.BigInt()
    removals = columns.BigInt()
    copies = columns.BigInt()
    bot_messages = columns.BigInt()
    texts = columns.BigInt()


class _Window(_Counts):
    """Columns of every window table: counts, viewers and chatters."""

    __abstract__ = True
    viewers = columns.BigInt()
    chatters = columns.BigInt()


class _Pulses(DjangoCassandraModel):  # type: ignore[misc]  # the driver has no types
    """Columns of minutes, hours and days that may be summed: viewers, seconds tracked and on air."""

    __abstract__ = True
    viewers_sum = columns.BigInt()
    viewer_pulses = columns.BigInt()
    pulses = columns.BigInt()
    on_air_pulses = columns.BigInt()
    on_air_observed_ms = columns.BigInt()


class _Viewers(_Pulses):
    """Columns of minutes and hours only: viewers with their peak."""

    __abstract__ = True
    viewers_max = columns.BigInt()


class _DayWindow(_Window):
    """A window, in the partition of the UTC day on which it began."""

    __abstract__ = True
    channel_id = columns.Text(partition_key=True)
    day = columns.Date(partition_key=True)
    end_ms = columns.BigInt(primary_key=True, clustering_order="DESC")


class LiveWindow(_DayWindow):
    """A 30-second window; one ends every 10 s."""

    __table_name__ = "live_window"
    __options__: ClassVar[dict[str, Any]] = {
        "default_time_to_live": 2 * DAY_S,
        "compaction": _time_window("HOURS", 6),
    }

    class Meta:
        get_pk_field = "channel_id"


class MinuteWindow(_Viewers, _DayWindow):
    """A one-minute tumbling window."""

    __table_name__ = "minute_window"
    __options__: ClassVar[dict[str, Any]] = {
        "default_time_to_live": 90 * DAY_S,
        "compaction": _time_window("DAYS", 7),
    }

    class Meta:
        get_pk_field = "channel_id"


class _Minutes(DjangoCassandraModel):  # type: ignore[misc]  # the driver has no types
    """Columns of hours and days: sums over the minutes that count, and the busiest minutes."""

    __abstract__ = True
    engaged_messages = columns.BigInt()
    engaged_observed_ms = columns.BigInt()
    engaged_viewers_sum = columns.BigInt()
    engaged_viewer_pulses = columns.BigInt()
    minute_chatters = columns.BigInt()
    heard_minutes = columns.BigInt()
    peak_viewers = columns.BigInt()
    peak_messages = columns.BigInt()
    peak_engagement = columns.BigInt()
    peak_spam = columns.BigInt()
    peak_chatters = columns.BigInt()
    peak_repetition = columns.BigInt()
    peak_first_time = columns.BigInt()
    peak_returning = columns.BigInt()
    peak_subscribers = columns.BigInt()
    peak_emotes = columns.BigInt()
    peak_removals = columns.BigInt()
    peak_shared = columns.BigInt()


class HourWindow(_Minutes, _Viewers, _Window):
    """A one-hour tumbling window, kept forever."""

    __table_name__ = "hour_window"
    __options__: ClassVar[dict[str, Any]] = {
        "compaction": {"class": "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"}
    }
    channel_id = columns.Text(partition_key=True)
    year = columns.Integer(partition_key=True)
    end_ms = columns.BigInt(primary_key=True, clustering_order="DESC")

    class Meta:
        get_pk_field = "channel_id"


class ChannelDay(_Minutes, _Pulses, _Counts):
    """One UTC day, kept forever: see core/metrics/days.py."""

    __table_name__ = "channel_day"
    __options__: ClassVar[dict[str, Any]] = {
        "compaction": {"class": "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"}
    }
    heard_ms = columns.BigInt()
    missed_ms = columns.BigInt()
    on_air_ms = columns.BigInt()
    on_air_heard_ms = columns.BigInt()
    hourly_average_only = columns.BigInt()
    hour_chatters = columns.BigInt()
    channel_id = columns.Text(partition_key=True)
    year = columns.Integer(partition_key=True)
    start_ms = columns.BigInt(primary_key=True, clustering_order="DESC")

    class Meta:
        get_pk_field = "channel_id"


class StreamSummary(DjangoCassandraModel):  # type: ignore[misc]  # the driver has no types
    """One broadcast, kept forever: see core/metrics/broadcasts.py."""

    __table_name__ = "stream_summary"
    __options__: ClassVar[dict[str, Any]] = {
        "compaction": {"class": "org.apache.cassandra.db.compaction.UnifiedCompactionStrategy"}
    }
    channel_id = columns.Text(partition_key=True)
    started_ms = columns.BigInt(primary_key=True, clustering_order="DESC")
    ended_ms = columns.BigInt()
    messages = columns.BigInt()
    coverage = columns.Double()
    peak_viewers = columns.BigInt()
    mean_viewers = columns.Double()
    hours_watched = columns.Double()
    viewers_coverage = columns.Double()
    chatters_by_hour = columns.Map(columns.BigInt, columns.BigInt)
    moments = columns.Map(columns.BigInt, columns.Double)

    class Meta:
        get_pk_field = "channel_id"


class ChannelEvent(DjangoCassandraModel):  # type: ignore[misc]  # the driver has no types
    """An event or a gap in a channel's history."""

    __table_name__ = "channel_event"
    __options__: ClassVar[dict[str, Any]] = {
        "default_time_to_live": 90 * DAY_S,
        "compaction": _time_window("DAYS", 7),
    }
    channel_id = columns.Text(partition_key=True)
    day = columns.Date(partition_key=True)
    at_ms = columns.BigInt(primary_key=True)
    id = columns.Text(primary_key=True)
    kind = columns.Text()
    until_ms = columns.BigInt()
    reason = columns.Text()
    count = columns.BigInt()
    text = columns.Text()

    class Meta:
        get_pk_field = "channel_id"
