"""The batching cache: shared fetches, expiry and size limits."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from apps.api import lookups
from apps.api.lookups import BatchCache

VALUES = {"a": 1, "b": 2, "c": 3}


class Source:
    """Serves VALUES through a cache, and records the keys of each fetch; `now_s` is the cache's clock."""

    def __init__(self, max_keys: int = 10) -> None:
        self.fetches: list[list[str]] = []
        self.now_s = 0.0
        self.error: Exception | None = None
        self.cache: BatchCache[str, int] = BatchCache(self._fetch, 1.0, max_keys, lambda: self.now_s)

    async def _fetch(self, keys: Collection[str]) -> Mapping[str, int]:
        self.fetches.append(list(keys))
        await asyncio.sleep(0)
        if self.error:
            raise self.error
        return {key: VALUES[key] for key in keys if key in VALUES}


async def test_concurrent_lookups_share_a_fetch() -> None:
    source = Source()
    assert await asyncio.gather(*(source.cache.get("a") for _ in range(3))) == [1, 1, 1]
    assert source.fetches == [["a"]]


async def test_recently_used_keys_are_refreshed_in_one_fetch_when_the_first_expires() -> None:
    source = Source()
    for key in "abcabc":
        await source.cache.get(key)
    source.now_s, before = 1.0, len(source.fetches)
    assert [await source.cache.get(key) for key in "bca"] == [2, 3, 1]
    assert len(source.fetches) == before + 1
    assert sorted(source.fetches[-1]) == ["a", "b", "c"]


async def test_unused_keys_are_not_refreshed() -> None:
    source = Source()
    await source.cache.get("a")
    await source.cache.get("b")
    for second in range(1, 4):
        source.now_s = float(second)
        await source.cache.get("b")
    assert source.fetches[-1] == ["b"]


async def test_a_value_expires_after_its_time_to_live() -> None:
    source = Source()
    await source.cache.get("a")
    source.now_s = 0.75
    await source.cache.get("b")  # refreshes a, too
    source.now_s = 1.5
    await source.cache.get("a")
    assert len(source.fetches) == 2
    source.now_s = 1.75
    await source.cache.get("a")
    assert len(source.fetches) == 3


async def test_missing_values_are_not_cached() -> None:
    source = Source()
    assert await source.cache.get("x") is None
    assert "x" not in source.cache
    await source.cache.get("x")
    assert source.fetches == [["x"], ["x"]]


async def test_an_error_reaches_all_waiting_callers_and_is_not_cached() -> None:
    source = Source()
    source.error = ValueError("away")
    errors = await asyncio.gather(*(source.cache.get(key) for key in "aa"), return_exceptions=True)
    assert [str(error) for error in errors] == ["away", "away"]
    source.error = None
    assert await source.cache.get("a") == 1


async def test_a_canceled_caller_does_not_cancel_the_fetch_of_others() -> None:
    source = Source()
    first, second = asyncio.create_task(source.cache.get("a")), asyncio.create_task(source.cache.get("a"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_an_invalidated_key_is_fetched_again() -> None:
    source = Source()
    await source.cache.get("a")
    assert list(source.cache.items()) == [("a", 1)]
    source.cache.invalidate("a")
    await source.cache.get("a")
    assert source.fetches == [["a"], ["a"]]


async def test_the_cache_and_each_fetch_have_a_maximum_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookups, "EXTRA_KEYS_MAX", 1)
    source = Source(max_keys=2)
    for key in "abc":
        await source.cache.get(key)
    assert "a" not in source.cache
    source.now_s = 1.0
    await source.cache.get("c")
    assert all(len(keys) <= 2 for keys in source.fetches)
