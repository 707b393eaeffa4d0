"""Keys: how they are written, what they may do, how they end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from apps.api import clients
from apps.api.keys.queries import find_callers, state_of
from apps.api.keys.secret import digest_of, is_written_right, new_secret, shown_of
from apps.api.keys.services import GRACE, KEYS_MAX, create_key, revoke_key, rotate_key
from apps.api.models import ApiKey
from apps.api.problems import Problem
from apps.api.scopes import Scope
from core.errors import Refused
from tests.api.conftest import Api, new_key, user_of
from tests.dashboard.conftest import Boards

# A key that is written right.
NOBODYS = "twitchly_0000000000000000000000000000002c8gJs"
# What each scope opens, and what it is refused: nothing else of the API.
OPENED = {
    Scope.READ_BOARDS: [
        *("boards", "boards/viewers", "channels", "channels/1", "channels/1/live"),
        *("metrics", "metrics/spam", "status", "watchlists", "segments"),
    ],
    Scope.READ_SERIES: ["channels/1/series", "channels/1/streams", "channels/1/streams/1700000000001"],
    Scope.READ_EVENTS: ["channels/1/events"],
}


def test_a_key_is_random_enough_and_never_the_same() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert all(is_written_right(secret) for secret in secrets)


def test_a_typing_error_is_told_apart() -> None:
    secret = new_secret()
    other = "b" if secret[20] == "a" else "a"
    assert not is_written_right(secret[:20] + other + secret[21:])
    assert not is_written_right(secret + "a")
    assert not is_written_right("twitchly_" + "ä" * 36)


@pytest.mark.django_db
def test_of_a_key_only_its_digest_and_its_beginning_are_kept() -> None:
    key, secret = new_key()
    assert (key.digest, key.prefix) == (digest_of(secret), shown_of(secret))
    assert len(key.prefix) == len("twitchly_") + 6
    assert secret not in str(ApiKey.objects.values())


@pytest.mark.django_db
def test_the_successor_has_the_same_scopes_and_both_are_good_for_a_while() -> None:
    key, secret = new_key(scopes=[Scope.LIVE], days=30)
    successor, other = rotate_key(key=key)
    now = datetime.now(UTC)
    assert (successor.scopes, secret != other) == (["live"], True)
    assert successor.expires_at and successor.expires_at - now > timedelta(days=29)
    assert [state_of(one, now) for one in (key, successor)] == ["rotating", "active"]
    assert state_of(key, now + GRACE) == "expired"
    with pytest.raises(Refused):
        rotate_key(key=key)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "scopes", "days"), [("", ["live"], 1), ("a", [], 1), ("a", ["all"], 1), ("a", ["live"], 0)]
)
def test_a_key_without_sense_is_refused(name: str, scopes: list[str], days: int) -> None:
    with pytest.raises(Refused):
        create_key(owner=user_of("a@example.com"), name=name, scopes=scopes, days=days)


@pytest.mark.django_db
def test_an_account_has_so_many_keys_and_revoked_ones_do_not_count() -> None:
    keys = [new_key()[0] for _ in range(KEYS_MAX)]
    with pytest.raises(Refused):
        new_key()
    revoke_key(key=keys[0])
    new_key()


@pytest.mark.django_db
def test_the_last_use_is_written_once_a_minute() -> None:
    key, secret = new_key()
    find_callers([digest_of(secret)])
    first = ApiKey.objects.get(pk=key.pk).last_used_at
    find_callers([digest_of(secret)])
    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(seconds=61))
    find_callers([digest_of(secret)])
    assert (ApiKey.objects.get(pk=key.pk).last_used_at or first) >= first


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ("", "no-key"),
        ("Basic dXNlcjpwYXNz", "no-key"),
        ("Bearer", "bad-key"),
        ("Bearer twitchly_nonsense", "bad-key"),
        (f"Bearer {NOBODYS}", "unknown-key"),
        (f"bearer {NOBODYS}", "unknown-key"),
    ],
)
async def test_a_forged_key_is_refused(api: Api, header: str, code: str) -> None:
    response = await Api().get("boards/viewers", headers={"Authorization": header} if header else {})
    assert (response.status_code, response.json()["code"]) == (401, code)


async def test_an_expired_key_is_refused(api: Api) -> None:
    key, secret = await sync_to_async(new_key)(days=1)
    await ApiKey.objects.filter(pk=key.pk).aupdate(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    response = await Api(secret).get("boards/viewers")
    assert (response.status_code, response.json()["code"]) == (401, "expired-key")


async def test_a_key_that_expires_between_two_looks_is_refused(api: Api) -> None:
    _, secret = await sync_to_async(new_key)(days=1)
    found = await clients.Callers().find(secret)
    object.__setattr__(found, "expires_at", datetime.now(UTC))
    with pytest.raises(Problem):
        clients.good(found)


async def test_a_revoked_key_is_refused_within_a_second_without_anybody_telling(api: Api) -> None:
    at_s = 0.0
    known = clients.Callers(lambda: at_s)
    key, secret = await sync_to_async(new_key)()
    await known.find(secret)
    await ApiKey.objects.filter(pk=key.pk).aupdate(revoked_at=datetime.now(UTC))
    at_s = 1.0
    with pytest.raises(Problem, match="revoked"):
        await known.find(secret)


async def test_a_revoked_key_is_refused_at_once_where_it_is_told(api: Api) -> None:
    known = clients.Callers(lambda: 0.0)
    key, secret = await sync_to_async(new_key)()
    await known.find(secret)
    await ApiKey.objects.filter(pk=key.pk).aupdate(revoked_at=datetime.now(UTC))
    known.forget(f"key:{key.pk}")
    with pytest.raises(Problem, match="revoked"):
        await known.find(secret)


async def test_the_key_of_an_account_that_is_switched_off_is_nobodys(api: Api) -> None:
    _, secret = await sync_to_async(new_key)("off@example.com")
    owner = await sync_to_async(user_of)("off@example.com")
    owner.is_active = False
    await owner.asave()
    assert (await Api(secret).get("status")).json()["code"] == "unknown-key"


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_opens_what_its_scope_says_and_nothing_else(api: Api, scope: Scope) -> None:
    narrow = Api((await sync_to_async(new_key)(scopes=[scope]))[1])
    for other, paths in OPENED.items():
        for path in paths:
            status = (await narrow.get(path)).status_code
            assert (status != 403) == (other == scope), f"{path}: {status}"
    writes = await narrow.ask("POST", "watchlists", json={"name": "mine"})
    assert (writes.status_code == 201) == (scope == Scope.WRITE_WATCHLISTS)
    assert (await narrow.get("live?boards=likes")).status_code == (400 if scope == Scope.LIVE else 403)


async def test_a_session_opens_nothing(boards: Boards, transactional_db: None) -> None:
    client = Client()
    await sync_to_async(client.force_login)(await sync_to_async(user_of)("buyer@example.com"))
    cookie = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())}
    response = await Api().get("boards/viewers", headers=cookie)
    assert response.status_code == 401
    assert "set-cookie" not in response.headers
    created = await Api().ask("POST", "watchlists", json={"name": "a"}, headers=cookie)
    assert created.status_code == 401
