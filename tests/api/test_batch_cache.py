"""Looks that are shared."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from apps.api import batch_cache
from apps.api.batch_cache import Together

KNOWN = {"a": 1, "b": 2, "c": 3}


class Looked:
    """Looks into KNOWN, and remembers for what; `at_s` is the time."""

    def __init__(self, most: int = 10) -> None:
        self.looks: list[list[str]] = []
        self.at_s = 0.0
        self.fault: Exception | None = None
        self.known: Together[str, int] = Together(self._look, 1.0, most, lambda: self.at_s)

    async def _look(self, keys: Collection[str]) -> Mapping[str, int]:
        self.looks.append(list(keys))
        await asyncio.sleep(0)
        if self.fault:
            raise self.fault
        return {key: KNOWN[key] for key in keys if key in KNOWN}


async def test_those_who_ask_at_once_share_a_look() -> None:
    looked = Looked()
    assert await asyncio.gather(*(looked.known.get("a") for _ in range(3))) == [1, 1, 1]
    assert looked.looks == [["a"]]


async def test_what_was_asked_for_lately_is_looked_at_in_one_go_when_the_first_of_it_is_due() -> None:
    looked = Looked()
    for key in "abcabc":
        await looked.known.get(key)
    looked.at_s, before = 1.0, len(looked.looks)
    assert [await looked.known.get(key) for key in "bca"] == [2, 3, 1]
    assert len(looked.looks) == before + 1
    assert sorted(looked.looks[-1]) == ["a", "b", "c"]


async def test_what_nobody_asks_for_any_more_is_not_looked_at() -> None:
    looked = Looked()
    await looked.known.get("a")
    await looked.known.get("b")
    for second in range(1, 4):
        looked.at_s = float(second)
        await looked.known.get("b")
    assert looked.looks[-1] == ["b"]


async def test_what_is_kept_is_never_older_than_it_may_be() -> None:
    looked = Looked()
    await looked.known.get("a")
    looked.at_s = 0.75
    await looked.known.get("b")  # looks at a, too
    looked.at_s = 1.5
    await looked.known.get("a")
    assert len(looked.looks) == 2
    looked.at_s = 1.75
    await looked.known.get("a")
    assert len(looked.looks) == 3


async def test_what_is_not_there_is_not_kept() -> None:
    looked = Looked()
    assert await looked.known.get("x") is None
    assert "x" not in looked.known
    await looked.known.get("x")
    assert looked.looks == [["x"], ["x"]]


async def test_a_fault_reaches_all_who_wait_and_is_forgotten() -> None:
    looked = Looked()
    looked.fault = ValueError("away")
    found = await asyncio.gather(*(looked.known.get(key) for key in "aa"), return_exceptions=True)
    assert [str(one) for one in found] == ["away", "away"]
    looked.fault = None
    assert await looked.known.get("a") == 1


async def test_who_gives_up_takes_nothing_from_those_who_wait() -> None:
    looked = Looked()
    first, second = asyncio.create_task(looked.known.get("a")), asyncio.create_task(looked.known.get("a"))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 1


async def test_what_is_forgotten_is_looked_at_anew() -> None:
    looked = Looked()
    await looked.known.get("a")
    assert list(looked.known.done()) == [("a", 1)]
    looked.known.forget("a")
    await looked.known.get("a")
    assert looked.looks == [["a"], ["a"]]


async def test_no_more_is_kept_or_looked_at_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_cache, "BESIDE_MAX", 1)
    looked = Looked(most=2)
    for key in "abc":
        await looked.known.get(key)
    assert "a" not in looked.known
    looked.at_s = 1.0
    await looked.known.get("c")
    assert all(len(keys) <= 2 for keys in looked.looks)
