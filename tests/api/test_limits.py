"""Rate limits of the API."""

from __future__ import annotations

import asyncio

import pytest
from asgiref.sync import sync_to_async
from pytest_django import Settings

from apps.api.authentication import new_secret
from apps.api.keys.queries import ApiClient, PlanLimits
from apps.api.limits import GUESS_BURST, RateLimiter
from apps.api.models import Membership, Plan
from apps.api.problems import Problem
from tests.api.conftest import Api, fill_bucket_in, new_key, user_of
from tests.valkey import Valkey

SMALL = PlanLimits(per_s=1, burst=3, per_day=1_000, streams=1)


def client_with(plan: PlanLimits, key_id: int = 1, owner_id: int = 1) -> ApiClient:
    return ApiClient(key_id, owner_id, frozenset(), "active", None, plan)


async def codes(limiter: RateLimiter, client: ApiClient, times: int, address: str = "10.0.0.1") -> list[str]:
    """Return the outcomes of requests that share one round trip, so that no bucket refills between them."""
    return await asyncio.gather(*(_code(limiter, client, address) for _ in range(times)))


async def _code(limiter: RateLimiter, client: ApiClient, address: str) -> str:
    try:
        await limiter.take(client, address)
    except Problem as problem:
        return problem.code
    return ""


async def test_requests_beyond_the_burst_are_rejected_until_the_bucket_refills(valkey: Valkey) -> None:
    limiter = RateLimiter(f"{valkey.url}/4")
    assert await codes(limiter, client_with(SMALL), 4) == ["", "", "", "too-many-requests"]
    fill_bucket_in(valkey, "key:1", 3_600)
    assert await codes(limiter, client_with(SMALL), 2) == ["too-many-requests"] * 2
    fill_bucket_in(valkey, "key:1", -1)
    assert await codes(limiter, client_with(SMALL), 4) == ["", "", "", "too-many-requests"]
    await limiter.aclose()


async def test_processes_share_limits_but_keys_do_not(valkey: Valkey) -> None:
    first, second = RateLimiter(f"{valkey.url}/4"), RateLimiter(f"{valkey.url}/4")
    both = await asyncio.gather(*(codes(limiter, client_with(SMALL), 2) for limiter in (first, second)))
    assert sorted(both[0] + both[1]) == ["", "", "", "too-many-requests"]
    assert await codes(second, client_with(SMALL, key_id=2), 1) == [""]
    await first.aclose()
    await second.aclose()


async def test_the_daily_quota_is_shared_by_all_keys_of_an_account(valkey: Valkey) -> None:
    limiter, plan = RateLimiter(f"{valkey.url}/4"), PlanLimits(100, 100, 3, 1)
    assert await codes(limiter, client_with(plan), 2) == ["", ""]
    assert await codes(limiter, client_with(plan, key_id=2), 2) == ["", "day-used-up"]
    assert await codes(limiter, client_with(plan, key_id=3, owner_id=2), 1) == [""]
    await limiter.aclose()


async def test_an_ip_address_has_its_own_limit_across_keys(valkey: Valkey, settings: Settings) -> None:
    settings.API_ADDRESS_PER_S = 2
    limiter, plan = RateLimiter(f"{valkey.url}/4"), PlanLimits(100, 100, 1_000, 1)
    keys = (client_with(plan), client_with(plan, key_id=2))
    one, other = await asyncio.gather(codes(limiter, keys[0], 5), codes(limiter, keys[1], 1))
    assert one + other == ["", "", "", "", "too-many-requests", "too-many-requests"]
    assert await codes(limiter, client_with(plan), 1, "10.0.0.2") == [""]
    await limiter.aclose()


@pytest.mark.parametrize(
    ("first", "second", "is_same"),
    [
        ("2001:db8::1", "2001:db8::2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:10.0.0.1", "10.0.0.1", True),
        ("10.0.0.1", "10.0.0.2", False),
    ],
)
async def test_an_ipv6_network_counts_as_one_address(
    valkey: Valkey, settings: Settings, first: str, second: str, is_same: bool
) -> None:
    settings.API_ADDRESS_PER_S = 1
    limiter, plan = RateLimiter(f"{valkey.url}/4"), PlanLimits(100, 100, 1_000, 1)
    here, there = await asyncio.gather(
        codes(limiter, client_with(plan), 2, first), codes(limiter, client_with(plan), 1, second)
    )
    assert here + there == ["", "", "too-many-requests" if is_same else ""]
    await limiter.aclose()


async def test_without_redis_each_process_applies_its_own_limits() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/4")
    assert await codes(limiter, client_with(SMALL), 4) == ["", "", "", "too-many-requests"]
    assert await limiter.take(client_with(SMALL, key_id=2), "10.0.0.1") is None
    await limiter.aclose()


async def test_a_rate_limited_response_has_retry_after(api: Api, valkey: Valkey) -> None:
    plan = await Plan.objects.acreate(name="Tiny", requests_per_second=1, burst=2, requests_per_day=100)
    owner = await sync_to_async(user_of)("tiny@example.com")
    await Membership.objects.acreate(owner=owner, plan=plan)
    key, secret = await sync_to_async(new_key)("tiny@example.com")
    tiny = Api(secret)
    first = await tiny.get("boards")
    assert first.headers["RateLimit-Policy"] == '"burst";q=2;w=2, "day";q=100;w=86400'
    assert first.headers["RateLimit"].startswith('"burst";r=1;t=1, "day";r=99;t=')
    # The bucket can hold 2 tokens and gains 1 per second. The next line postpones its second token to 3,600 s from now,
    # so its first token arrives in 3,599 s.
    fill_bucket_in(valkey, f"key:{key.pk}", 3_600)
    refused = await tiny.get("boards")
    wait_s = int(refused.headers["Retry-After"])
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert 3_000 < wait_s <= 3_599
    assert refused.headers["RateLimit"] == f'"burst";r=0;t={wait_s}'


async def test_key_guessing_is_limited_without_affecting_cached_keys(api: Api, valkey: Valkey) -> None:
    assert (await api.get("boards")).status_code == 200
    codes = [(await Api(new_secret()).get("boards")).json()["code"] for _ in range(GUESS_BURST)]
    assert codes == ["unknown-key"] * GUESS_BURST
    fill_bucket_in(valkey, "guesses:10.0.0.1", 3_600)
    codes = [(await Api(new_secret()).get("boards")).json()["code"] for _ in range(2)]
    assert codes == ["too-many-guesses"] * 2
    _, valid = await sync_to_async(new_key)()
    assert (await Api(valid).get("boards")).json()["code"] == "too-many-guesses"
    assert (await Api(valid).get("boards", address="10.0.0.2")).status_code == 200
    assert (await api.get("boards")).status_code == 200


async def test_forwarded_headers_do_not_change_the_rate_limited_ip_address(api: Api, valkey: Valkey) -> None:
    headers = {"X-Forwarded-For": "10.9.9.1", "Forwarded": "for=10.9.9.1"}
    fill_bucket_in(valkey, "address:10.9.9.1", 3_600)
    assert (await api.get("boards", headers=headers)).status_code == 200
    fill_bucket_in(valkey, "address:10.0.0.1", 3_600)
    assert (await api.get("boards", headers=headers)).status_code == 429


async def test_concurrent_requests_are_counted_one_by_one(valkey: Valkey) -> None:
    limiter = RateLimiter(f"{valkey.url}/4")
    results = await asyncio.gather(
        *(codes(limiter, client_with(SMALL, key_id=key), 2) for key in (1, 2) for _ in range(2))
    )
    assert sorted(code for result in results for code in result) == [""] * 6 + ["too-many-requests"] * 2
    await limiter.aclose()


async def test_the_lua_script_is_loaded_again_after_redis_lost_it(valkey: Valkey) -> None:
    limiter = RateLimiter(f"{valkey.url}/4")
    await codes(limiter, client_with(SMALL), 1)
    valkey.client().script_flush()
    status = await limiter.take(client_with(SMALL), "10.0.0.1")
    assert status is not None and status.burst_left == 1
    await limiter.aclose()


async def test_without_redis_concurrent_requests_are_counted_locally() -> None:
    limiter = RateLimiter("redis://127.0.0.1:1/4")
    results = await asyncio.gather(*(codes(limiter, client_with(SMALL), 1) for _ in range(4)))
    assert sorted(result[0] for result in results) == ["", "", "", "too-many-requests"]
    await limiter.aclose()
