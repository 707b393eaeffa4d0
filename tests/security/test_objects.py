"""What belongs to an account is nobody else's, whatever address asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from asgiref.sync import sync_to_async
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.api.keys.services import create_key
from apps.api.models import ApiKey
from apps.api.scopes import Scope
from apps.dashboard.models import ShareLink
from apps.workspaces.models import Note, Segment, Watched, Watchlist
from tests.api.conftest import Api, new_key, use_limits
from tests.dashboard.conftest import Boards
from tests.security.addresses import addresses

__all__ = ["use_limits"]
OTHER = "other@example.com"


@pytest.fixture
def mine(transactional_db: None) -> Mapping[str, int]:
    """One of each thing that an account can have, by the name of its part of an address."""
    owner = User.objects.create_user("owner@example.com", "a long password")
    watchlist = Watchlist.objects.create(owner=owner, name="Mine", used_at=timezone.now())
    Watched.objects.create(watchlist=watchlist, channel_id="1", position=1)
    return {
        "watchlist_id": watchlist.pk,
        "segment_id": Segment.objects.create(owner=owner, name="Mine").pk,
        "note_id": Note.objects.create(user=owner, channel_id="1", at_ms=1_700_000_000_000, text="mine").pk,
        "link_id": ShareLink.objects.create(owner=owner, kind="channel", view="page", title="Mine", query="1").pk,
        "key_id": create_key(owner=owner, name="mine", scopes=list(Scope), days=None)[0].pk,
        "pk": Authenticator.objects.create(user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "mine"}).pk,
    }


def theirs(mine: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the addresses that name one of these things."""
    other = dict(addresses(**{name: key + 1_000 for name, key in mine.items()}))
    return [(name, address) for name, address in addresses(**mine) if other[name] != address]


@pytest.mark.parametrize("method", ["get", "post"])
def test_no_page_gives_away_or_changes_what_is_somebody_elses(
    boards: Boards, mine: Mapping[str, int], method: str
) -> None:
    User.objects.create_user(OTHER, "a long password")
    client = Client()
    assert client.login(username=OTHER, password="a long password")
    found = {
        name: getattr(client, method)(address, {"name": "theirs", "text": "theirs"}) for name, address in theirs(mine)
    }
    assert {name.partition("-")[0] for name in found} >= {"watchlist", "segment", "channel", "share", "api"}
    # Where the password is asked for again, it is before anything is looked for.
    assert {name: one.status_code for name, one in found.items() if one.status_code not in (404, 405)} == {
        name: 302 for name, one in found.items() if "reauthenticate" in one.headers.get("Location", "")
    }
    kept = (Watchlist, Segment, Note, ShareLink, ApiKey, Authenticator)
    assert [model.objects.count() for model in kept] == [1] * len(kept)
    assert Watchlist.objects.get().name == "Mine"
    assert ApiKey.objects.get().revoked_at is None
    assert ShareLink.objects.get().revoked_at is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_no_key_opens_what_is_somebody_elses(boards: Boards, mine: Mapping[str, int], method: str) -> None:
    _, secret = await sync_to_async(new_key)(OTHER)
    body: dict[str, Any] = {"json": {"name": "theirs"}} if method == "PATCH" else {}
    for path in (f"watchlists/{mine['watchlist_id']}", f"segments/{mine['segment_id']}"):
        status = (await Api(secret).ask(method, path, **body)).status_code
        assert status in ((404,) if path.startswith("watch") or method == "GET" else (404, 405))
    assert (await Api(secret).get("watchlists")).json()["items"] == []
    assert await Watchlist.objects.aget(pk=mine["watchlist_id"]) is not None
