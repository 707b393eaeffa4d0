"""An account's objects are inaccessible to other accounts through any page or endpoint."""

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
from tests.api.conftest import Api, new_key, use_rate_limits
from tests.dashboard.conftest import Boards
from tests.security.page_urls import page_urls
from tests.web import web

__all__ = ["use_rate_limits"]
OTHER = "other@example.com"


@pytest.fixture
def owned(transactional_db: None) -> Mapping[str, int]:
    """The id of one object of each kind, all in one account, keyed by the URL parameter."""
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


def object_urls(owned: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the names and URLs of the pages with one of these ids in their URL."""
    others = dict(page_urls(**{name: key + 1_000 for name, key in owned.items()}))
    return [(name, url) for name, url in page_urls(**owned) if others[name] != url]


@pytest.mark.parametrize("method", ["get", "post"])
def test_pages_neither_show_nor_change_objects_of_other_accounts(
    boards: Boards, owned: Mapping[str, int], method: str
) -> None:
    User.objects.create_user(OTHER, "a long password")
    client = Client()
    assert client.login(username=OTHER, password="a long password")
    form = {"name": "theirs", "text": "theirs"}
    responses = {name: getattr(client, method)(url, form) for name, url in object_urls(owned)}
    assert {name.partition("-")[0] for name in responses} >= {"watchlist", "segment", "channel", "share", "api"}
    # Pages that require a recent password redirect before they query for an object.
    assert {name: r.status_code for name, r in responses.items() if r.status_code not in (404, 405)} == {
        name: 302 for name, r in responses.items() if "reauthenticate" in r.headers.get("Location", "")
    }
    models = (Watchlist, Segment, Note, ShareLink, ApiKey, Authenticator)
    assert [model.objects.count() for model in models] == [1] * len(models)
    assert Watchlist.objects.get().name == "Mine"
    assert ApiKey.objects.get().revoked_at is None
    assert ShareLink.objects.get().revoked_at is None


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_a_key_gives_no_access_to_objects_of_other_accounts(
    boards: Boards, owned: Mapping[str, int], method: str
) -> None:
    _, secret = await sync_to_async(new_key)(OTHER)
    body: dict[str, Any] = {"json": {"name": "theirs"}} if method == "PATCH" else {}
    async with web.run():
        for path in (f"watchlists/{owned['watchlist_id']}", f"segments/{owned['segment_id']}"):
            status = (await Api(secret).request(method, path, **body)).status_code
            assert status in ((404,) if path.startswith("watch") or method == "GET" else (404, 405))
        assert (await Api(secret).get("watchlists")).json()["items"] == []
    assert await Watchlist.objects.aget(pk=owned["watchlist_id"]) is not None
