"""How often the API may be asked."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.api.keys.queries import Caller, Terms
from apps.api.keys.secret import new_secret
from apps.api.limits import GUESSES, Limits
from apps.api.models import Membership, Plan
from apps.api.problems import Problem
from tests.api.conftest import Api, new_key, user_of
from tests.valkey import Valkey

SMALL = Terms(per_s=1, burst=3, per_day=1_000, streams=1)


def caller_with(terms: Terms, key_id: int = 1, owner_id: int = 1) -> Caller:
    return Caller(key_id, owner_id, frozenset(), "active", None, terms)


async def codes(limits: Limits, caller: Caller, times: int, address: str = "10.0.0.1") -> list[str]:
    found = []
    for _ in range(times):
        try:
            await limits.take(caller, address)
            found.append("")
        except Problem as problem:
            found.append(problem.code)
    return found


async def test_a_burst_is_let_through_and_what_comes_after_it_has_to_wait(valkey: Valkey) -> None:
    limits = Limits(f"{valkey.url}/4")
    assert await codes(limits, caller_with(SMALL), 4) == ["", "", "", "too-many-requests"]
    await asyncio.sleep(1.05)
    assert await codes(limits, caller_with(SMALL), 2) == ["", "too-many-requests"]
    await limits.aclose()


async def test_processes_count_together_and_keys_apart(valkey: Valkey) -> None:
    one, two = Limits(f"{valkey.url}/4"), Limits(f"{valkey.url}/4")
    assert await codes(one, caller_with(SMALL), 2) == ["", ""]
    assert await codes(two, caller_with(SMALL), 2) == ["", "too-many-requests"]
    assert await codes(two, caller_with(SMALL, key_id=2), 1) == [""]
    await one.aclose()
    await two.aclose()


async def test_a_day_is_counted_for_all_keys_of_an_account(valkey: Valkey) -> None:
    limits, terms = Limits(f"{valkey.url}/4"), Terms(100, 100, 3, 1)
    assert await codes(limits, caller_with(terms), 2) == ["", ""]
    assert await codes(limits, caller_with(terms, key_id=2), 2) == ["", "day-used-up"]
    assert await codes(limits, caller_with(terms, key_id=3, owner_id=2), 1) == [""]
    await limits.aclose()


async def test_an_address_has_a_limit_whatever_its_keys(valkey: Valkey, settings: Settings) -> None:
    settings.API_ADDRESS_PER_S = 2
    limits, terms = Limits(f"{valkey.url}/4"), Terms(100, 100, 1_000, 1)
    assert await codes(limits, caller_with(terms), 5) == ["", "", "", "", "too-many-requests"]
    assert await codes(limits, caller_with(terms, key_id=2), 1) == ["too-many-requests"]
    assert await codes(limits, caller_with(terms), 1, "10.0.0.2") == [""]
    await limits.aclose()


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
async def test_an_ipv6_network_is_one_address(
    valkey: Valkey, settings: Settings, one: str, two: str, same: bool
) -> None:
    settings.API_ADDRESS_PER_S = 1
    limits, terms = Limits(f"{valkey.url}/4"), Terms(100, 100, 1_000, 1)
    assert await codes(limits, caller_with(terms), 2, one) == ["", ""]
    assert await codes(limits, caller_with(terms), 1, two) == (["too-many-requests"] if same else [""])
    await limits.aclose()


async def test_without_redis_each_process_counts_alone() -> None:
    limits = Limits("redis://127.0.0.1:1/4")
    assert await codes(limits, caller_with(SMALL), 4) == ["", "", "", "too-many-requests"]
    assert await limits.take(caller_with(SMALL, key_id=2), "10.0.0.1") is None
    await limits.aclose()


async def test_who_asks_too_often_is_told_when_to_come_back(api: Api) -> None:
    plan = await Plan.objects.acreate(name="Tiny", requests_per_second=1, burst=2, requests_per_day=100)
    owner = await sync_to_async(user_of)("tiny@example.com")
    await Membership.objects.acreate(owner=owner, plan=plan)
    tiny = Api((await sync_to_async(new_key)("tiny@example.com"))[1])
    first = await tiny.get("boards")
    assert first.headers["RateLimit-Policy"] == '"burst";q=2;w=2, "day";q=100;w=86400'
    assert first.headers["RateLimit"].startswith('"burst";r=1;t=1, "day";r=99;t=')
    await tiny.get("boards")
    refused = await tiny.get("boards")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert refused.json()["code"] == "too-many-requests"
    assert refused.headers["RateLimit"] == '"burst";r=0;t=1'


async def test_guessing_keys_ends_soon_and_not_for_those_who_have_one(api: Api) -> None:
    assert (await api.get("boards")).status_code == 200
    found = [(await Api(new_secret()).get("boards")).json()["code"] for _ in range(GUESSES + 2)]
    assert found[:GUESSES] == ["unknown-key"] * GUESSES
    assert found[GUESSES:] == ["too-many-guesses"] * 2
    _, right = await sync_to_async(new_key)()
    assert (await Api(right).get("boards")).json()["code"] == "too-many-guesses"
    assert (await Api(right).get("boards", address="10.0.0.2")).status_code == 200
    assert (await api.get("boards")).status_code == 200


async def test_what_a_header_says_of_the_address_moves_no_limit(api: Api, settings: Settings) -> None:
    settings.API_ADDRESS_PER_S = 1
    statuses = [
        (
            await api.get("boards", headers={"X-Forwarded-For": f"10.9.9.{n}", "Forwarded": f"for=10.9.9.{n}"})
        ).status_code
        for n in range(3)
    ]
    assert statuses == [200, 200, 429]


async def test_what_is_asked_at_once_is_counted_one_by_one(valkey: Valkey) -> None:
    limits = Limits(f"{valkey.url}/4")
    found = await asyncio.gather(
        *(codes(limits, caller_with(SMALL, key_id=key), 2) for key in (1, 2) for _ in range(2))
    )
    assert sorted(code for one in found for code in one) == [""] * 6 + ["too-many-requests"] * 2
    await limits.aclose()


async def test_the_script_is_told_again_to_a_redis_that_has_forgotten_it(valkey: Valkey) -> None:
    limits = Limits(f"{valkey.url}/4")
    await codes(limits, caller_with(SMALL), 1)
    valkey.client().script_flush()
    left = await limits.take(caller_with(SMALL), "10.0.0.1")
    assert left is not None and left.burst == 1
    await limits.aclose()


async def test_without_redis_all_who_ask_at_once_are_counted_here() -> None:
    limits = Limits("redis://127.0.0.1:1/4")
    found = await asyncio.gather(*(codes(limits, caller_with(SMALL), 1) for _ in range(4)))
    assert sorted(one[0] for one in found) == ["", "", "", "too-many-requests"]
    await limits.aclose()
