"""API keys: format, scopes, expiry and revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from apps.api import lookups
from apps.api.authentication import digest_of, has_valid_checksum, new_secret, visible_prefix
from apps.api.keys.queries import find_clients, state_of
from apps.api.keys.services import GRACE, KEYS_MAX, create_key, revoke_key, rotate_key
from apps.api.models import ApiKey
from apps.api.problems import Problem
from apps.api.scopes import Scope
from core.errors import Refused
from tests.api.conftest import Api, new_key, user_of

# An unknown key with a valid checksum.
UNKNOWN_KEY = "twitchly_0000000000000000000000000000002c8gJs"
# Paths, by the scope that they require.
PATHS_BY_SCOPE = {
    Scope.READ_BOARDS: [
        *("boards", "boards/viewers", "channels", "channels/1", "channels/1/live"),
        *("metrics", "metrics/spam", "status", "watchlists", "segments"),
    ],
    Scope.READ_SERIES: ["channels/1/series", "channels/1/streams", "channels/1/streams/1700000000001"],
    Scope.READ_EVENTS: ["channels/1/events"],
}


def test_new_keys_are_unique_and_have_valid_checksums() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(has_valid_checksum(secret) for secret in secrets)


def test_a_key_with_a_typo_fails_the_checksum() -> None:
    secret = new_secret()
    replacement = "b" if secret[20] == "a" else "a"
    assert not has_valid_checksum(secret[:20] + replacement + secret[21:])
    assert not has_valid_checksum(secret + "a")
    assert not has_valid_checksum("twitchly_" + "ä" * 36)


@pytest.mark.django_db
def test_only_the_digest_and_the_prefix_of_a_key_are_stored() -> None:
    key, secret = new_key()
    assert (key.digest, key.prefix) == (digest_of(secret), visible_prefix(secret))
    assert len(key.prefix) == len("twitchly_") + 6
    assert secret not in str(ApiKey.objects.values())


@pytest.mark.django_db
def test_a_replaced_key_stays_valid_alongside_its_successor_for_the_grace_period() -> None:
    key, secret = new_key(scopes=[Scope.LIVE], days=30)
    successor, other = rotate_key(key=key)
    now = datetime.now(UTC)
    assert (successor.scopes, secret != other) == (["live"], True)
    assert successor.expires_at and successor.expires_at - now > timedelta(days=29)
    assert [state_of(each, now) for each in (key, successor)] == ["rotating", "active"]
    assert state_of(key, now + GRACE) == "expired"
    with pytest.raises(Refused):
        rotate_key(key=key)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "scopes", "days"), [("", ["live"], 1), ("a", [], 1), ("a", ["all"], 1), ("a", ["live"], 0)]
)
def test_an_invalid_key_request_is_rejected(name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(Refused):
        create_key(owner=user_of("a@example.com"), name=name, scopes=scopes, days=days)


@pytest.mark.django_db
def test_revoked_keys_do_not_count_toward_the_key_limit() -> None:
    keys = [new_key()[0] for _ in range(KEYS_MAX)]
    with pytest.raises(Refused):
        new_key()
    revoke_key(key=keys[0])
    new_key()


@pytest.mark.django_db
def test_the_last_use_is_updated_once_a_minute() -> None:
    key, secret = new_key()
    find_clients([digest_of(secret)])
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    find_clients([digest_of(secret)])
    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    find_clients([digest_of(secret)])
    assert (ApiKey.objects.get(pk=key.pk).last_used_at or first) >= first


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "no-key"),
        ("Basic dXNlcjpwYXNz", "no-key"),
        ("Bearer", "bad-key"),
        ("Bearer twitchly_nonsense", "bad-key"),
        (f"Bearer {UNKNOWN_KEY}", "unknown-key"),
        (f"bearer {UNKNOWN_KEY}", "unknown-key"),
    ],
)
async def test_a_forged_key_is_rejected(api: Api, header: str, code: str) -> None:
    response = await Api().get("boards/viewers", headers={"Authorization": header} if header else {})
    assert (response.status_code, response.json()["code"]) == (401, code)


async def test_an_expired_key_is_rejected(api: Api) -> None:
    key, secret = await sync_to_async(new_key)(days=1)
    await ApiKey.objects.filter(pk=key.pk).aupdate(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    response = await Api(secret).get("boards/viewers")
    assert (response.status_code, response.json()["code"]) == (401, "expired-key")


async def test_a_key_that_expires_while_cached_is_rejected(api: Api) -> None:
    _, secret = await sync_to_async(new_key)(days=1)
    client = await lookups.ApiClientCache().find(digest_of(secret))
    object.__setattr__(client, "expires_at", datetime.now(UTC))
    with pytest.raises(Problem):
        lookups.require_valid_key(client)


async def test_a_revoked_key_is_rejected_within_a_second_even_without_a_notification(api: Api) -> None:
    now_s = 0.0
    cached = lookups.ApiClientCache(lambda: now_s)
    key, secret = await sync_to_async(new_key)()
    await cached.find(digest_of(secret))
    await ApiKey.objects.filter(pk=key.pk).aupdate(revoked_at=datetime.now(UTC))
    now_s = 1.0
    with pytest.raises(Problem, match="revoked"):
        await cached.find(digest_of(secret))


async def test_a_revoked_key_is_rejected_at_once_after_a_notification(api: Api) -> None:
    cached = lookups.ApiClientCache(lambda: 0.0)
    key, secret = await sync_to_async(new_key)()
    await cached.find(digest_of(secret))
    await ApiKey.objects.filter(pk=key.pk).aupdate(revoked_at=datetime.now(UTC))
    cached.invalidate_session(f"key:{key.pk}")
    with pytest.raises(Problem, match="revoked"):
        await cached.find(digest_of(secret))


async def test_the_key_of_an_inactive_account_is_unknown(api: Api) -> None:
    _, secret = await sync_to_async(new_key)("off@example.com")
    owner = await sync_to_async(user_of)("off@example.com")
    owner.is_active = False
    await owner.asave()
    assert (await Api(secret).get("status")).json()["code"] == "unknown-key"


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_gives_access_to_its_scopes_only(api: Api, scope: Scope) -> None:
    narrow = Api((await sync_to_async(new_key)(scopes=[scope]))[1])
    for other, paths in PATHS_BY_SCOPE.items():
        for path in paths:
            status = (await narrow.get(path)).status_code
            assert (status != 403) == (other == scope), f"{path}: {status}"
    write = await narrow.request("POST", "watchlists", json={"name": "mine"})
    assert (write.status_code == 201) == (scope == Scope.WRITE_WATCHLISTS)
    assert (await narrow.get("live?boards=likes")).status_code == (400 if scope == Scope.LIVE else 403)


async def test_a_session_cookie_gives_no_access_to_the_api(api: Api) -> None:
    client = Client()
    await sync_to_async(client.force_login)(await sync_to_async(user_of)("buyer@example.com"))
    cookie = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())}
    response = await Api().get("boards/viewers", headers=cookie)
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    created = await Api().request("POST", "watchlists", json={"name": "a"}, headers=cookie)
    assert created.status_code == 401
