"""Every Redis key is documented, and data about channels and people in Redis is deleted or expires."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from apps.api.keys.queries import ApiClient, PlanLimits
from apps.api.limits import RateLimiter
from apps.api.live.connections import acquire_lease
from apps.curation.models import OptOut
from apps.dashboard.policies.retention import account_data_in_redis, channel_data_in_redis
from apps.ingest import channel_list
from apps.ingest.event_sender import EventSender
from apps.ingest.services import refresh_channel_list
from apps.metrics.boards import BoardWriter
from core.contracts import redis_keys
from core.metrics.formulas import RankingThresholds
from core.pipeline.records import Grain, WindowRecord
from core.times import MINUTE_MS
from tests.ingest.twitch_api import Live, row
from tests.valkey import Valkey
from twitchly import kafka

STORAGE = Path(__file__).resolve().parents[2] / "docs" / "subsystems" / "storage.md"
T = 1_795_400_000_000
# Ids that are not part of any other stored text.
IDS = ("9100000007", "9100000008", "9100000009")
OPTED_OUT = IDS[0]
COLUMNS = {"messages": 20, "words": 60, "observed_ms": 30_000, "viewers": 500, "chatters": 12, "texts": 15}

# Names in core/contracts/redis_keys.py. These keys hold no data about channels or people.
IMPERSONAL = {"LATE_DROPPED", "CHANNEL_LIST_CURATION", "CHANNEL_LIST_LOCK", "heartbeat"}
# A channel that opts out is deleted from these keys.
ON_BOARDS = {"board", "window_ends", "window_values", "board_history"}
IN_LISTS = {"CHANNEL_LIST", "OUTSIDE_LIST"}
# These keys hold data about people, and expire after at most this many seconds.
EXPIRES_S = {"RATE_LIMIT": redis_keys.DAILY_COUNT_EXPIRES_S, "connection_leases": redis_keys.LEASE_EXPIRES_S}


def patterns() -> dict[str, str]:
    """Return the pattern of every key in core/contracts/redis_keys.py by name, such as `board:<metric>`."""
    found = {}
    for name, item in vars(redis_keys).items():
        if inspect.isfunction(item):
            found[name] = str(item(*(f"<{parameter}>" for parameter in inspect.signature(item).parameters)))
        elif name.isupper() and isinstance(item, str):
            found[name] = f"{item}…" if item.endswith(":") else item
    return found


def keys_by_name(store: Any) -> dict[str, list[str]]:
    """Return the stored keys by their name in core/contracts/redis_keys.py; "" for unknown ones."""
    expressions = {name: re.sub(r"<\w+>|…", ".+", re.escape(pattern)) for name, pattern in patterns().items()}
    by_name: dict[str, list[str]] = {}
    for key in (key.decode() for key in store.scan_iter()):
        name = next((name for name, expression in expressions.items() if re.fullmatch(expression, key)), "")
        by_name.setdefault(name, []).append(key)
    return by_name


def contents(store: Any) -> str:
    """Return all keys of a database with their values as text."""
    read = {b"string": store.get, b"hash": store.hgetall, b"zset": lambda key: store.zrange(key, 0, -1)}
    return "\n".join(f"{key!r}: {read[store.type(key)](key)!r}" for key in store.scan_iter())


def test_every_key_is_in_the_docs() -> None:
    rows = [line.split(" | ") for line in STORAGE.read_text().splitlines() if re.match(r"\| \d \| `", line)]
    documented = {cells[1]: cells[3].strip(" |") for cells in rows}
    assert set(documented) == {f"`{pattern}`" for pattern in patterns().values()}
    assert all(documented.values()), "the column Expires is incomplete"


def test_every_key_is_deleted_expires_or_has_no_personal_data() -> None:
    assert sorted([*IMPERSONAL, *ON_BOARDS, *IN_LISTS, *EXPIRES_S]) == sorted(patterns())


def test_every_key_with_personal_data_is_on_the_privacy_page() -> None:
    assert channel_data_in_redis().keys() == ON_BOARDS | IN_LISTS
    assert account_data_in_redis().keys() == EXPIRES_S.keys()


def test_an_opt_out_deletes_a_channel_from_all_boards(valkey: Valkey) -> None:
    store = valkey.client()
    boards = BoardWriter(store, RankingThresholds(min_viewers=100, min_messages=5))
    grains: tuple[Grain, ...] = ("live", "live_distinct")
    for end_ms in (T, T + 10_000):
        for grain in grains:
            windows = [WindowRecord(channel_id, grain, end_ms - 30_000, end_ms, COLUMNS) for channel_id in IDS]
            boards.apply(grain, windows, dict.fromkeys(IDS, 2.0))
        boards.write_history()
    assert keys_by_name(store).keys() == ON_BOARDS
    assert OPTED_OUT in contents(store)
    boards.erase(OPTED_OUT)
    assert OPTED_OUT not in contents(store)
    assert all(channel_id in contents(store) for channel_id in IDS[1:])


@pytest.mark.django_db
@pytest.mark.parametrize("opted_out", IDS[:2])
def test_a_refresh_removes_opted_out_channels_from_all_lists(
    valkey: Valkey, settings: Settings, opted_out: str
) -> None:
    settings.CHANNELS_WANTED = 1
    store, twitch = valkey.client(3), Live(*(row(int(channel_id), 900 - n) for n, channel_id in enumerate(IDS)))
    sender = EventSender(kafka.producer(**{"test.mock.num.brokers": 1, "bootstrap.servers": ""}))
    refresh_channel_list(now_ms=T, helix_client=twitch.helix(), sender=sender)
    assert keys_by_name(store).keys() == IN_LISTS | {"CHANNEL_LIST_CURATION"}
    assert f"channel{opted_out}" in contents(store)
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id=opted_out)
    refresh_channel_list(now_ms=T + MINUTE_MS, helix_client=twitch.helix(), sender=sender)
    listed = channel_list.read_sync(store)
    assert listed is not None
    assert listed.excluded == {opted_out}
    assert contents(store).count(opted_out) == 1, "only its id remains, among the ids of channels to hide"


async def test_limits_and_leases_of_api_clients_expire(valkey: Valkey, settings: Settings) -> None:
    settings.REDIS_LIMITS_URL = f"{valkey.url}/4"
    limiter, limits = RateLimiter(settings.REDIS_LIMITS_URL), PlanLimits(per_s=1, burst=3, per_day=1_000, streams=1)
    client = ApiClient(1, 2, frozenset(), "active", None, limits)
    await limiter.take(client, "10.0.0.1")
    await limiter.count_guess("10.0.0.1")
    lease = await acquire_lease(client)
    store: Any = valkey.client(4)
    stored = keys_by_name(store)
    assert stored.keys() == EXPIRES_S.keys()
    for name, limit_s in EXPIRES_S.items():
        # -1 means that a key never expires. A bucket may have expired by now, which gives -2.
        assert all(-1 != store.ttl(key) <= limit_s for key in stored[name]), name
    await lease.release()
    await limiter.aclose()
