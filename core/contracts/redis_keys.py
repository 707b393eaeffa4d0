"""Redis keys, grouped by the setting with their database's URL.

docs/subsystems/storage.md describes the values."""

from __future__ import annotations

# REDIS_BOARDS_URL
LATE_DROPPED = "late-dropped"


# 5-minute metrics and grains have their own keys, such as `board:spam:5m`: see core.metrics.windows.key_over.
def board(metric: str) -> str:
    """Return the key of a metric's board, a sorted set of channel ids by value."""
    return f"board:{metric}"


def window_ends(grain: str) -> str:
    """Return the key of a sorted set of channel ids by the end of their newest window."""
    return f"ends:{grain}"


def window_values(grain: str) -> str:
    """Return the key of a hash with the values of each channel's newest window, by channel id."""
    return f"values:{grain}"


def board_history(metric: str) -> str:
    """Return the key of a hash with a metric's values in the past 5 min, by window end."""
    return f"past:{metric}"


# REDIS_STREAMS_URL
CHANNEL_LIST = "streams"
# Digest of the curation that the list was built with.
CHANNEL_LIST_CURATION = "streams-curation"
CHANNEL_LIST_LOCK = "refresh-streams"
# Live channels outside the list.
OUTSIDE_LIST = "streams-outside"


# REDIS_LIMITS_URL
# Prefix of the API's token buckets and daily counts; apps/api/limits.py appends the rest of each key.
RATE_LIMIT = "limits:"
# A daily count expires this long after its first request; a bucket expires once it is full.
DAILY_COUNT_EXPIRES_S = 2 * 86_400
# Connection leases that are not renewed because their process died expire after this time.
LEASE_EXPIRES_S = 45


def connection_leases(account_id: int) -> str:
    """Return the key of a sorted set of the leases of an account's live connections."""
    return f"streams:{account_id}"


# REDIS_STATUS_URL
def heartbeat(kind: str, name: str) -> str:
    """Return the key of a process's heartbeat, or the pattern for all heartbeats if kind and name are `*`."""
    return f"sign:{kind}:{name}"
