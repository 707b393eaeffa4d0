"""Names, notes, reasons and tags are stored as written, except for control and bidi characters."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from apps.accounts.models import User
from apps.api.keys.services import create_key
from apps.api.scopes import Scope
from apps.curation.decisions import BLOCK, Decision, validate_decision
from apps.curation.models import CurationRequest, OptOutRequest
from apps.curation.opt_outs import request_opt_out
from apps.curation.requests import request_channel
from apps.dashboard.shares.links import create_link
from apps.workspaces import services as watchlists
from apps.workspaces.segments import save_segment
from core.errors import Refused
from tests.api.conftest import Api, user_of

Store = Callable[[User, str], str]
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f England"


def _rename_watchlist(owner: User, text: str) -> str:
    watchlist = watchlists.create(owner=owner, name="first")
    watchlists.rename(watchlist=watchlist, name=text)
    return watchlist.name


def _decision(text: str) -> Decision:
    decision = Decision(BLOCK, reason=text, note=text, tags=(text,))
    return validate_decision(decision, before=Decision(), is_opted_out=False, now=NOW)


def _channel_request(owner: User, text: str) -> str:
    request_channel(user=owner, login="ada_plays", note=text)
    return CurationRequest.objects.get().note


def _opt_out(_owner: User, text: str) -> str:
    request_opt_out(kind="user", login="ada_plays", contact="", note=text)
    return OptOutRequest.objects.get().note


@pytest.fixture
def owner(db: None) -> User:
    return user_of("buyer@example.com")


NAMES: dict[str, Store] = {
    "watchlist": lambda owner, text: watchlists.create(owner=owner, name=text).name,
    "renamed watchlist": _rename_watchlist,
    "segment": lambda owner, text: save_segment(owner=owner, name=text, query="").name,
    "key": lambda owner, text: create_key(owner=owner, name=text, scopes=[Scope.READ_BOARDS], days=None)[0].name,
}
TEXTS: dict[str, Store] = NAMES | {
    "share link": lambda owner, text: create_link(owner=owner, kind="page", view="channel", title=text, query="").title,
    "reason": lambda _owner, text: _decision(text).reason,
    "curators' note": lambda _owner, text: _decision(text).note,
    "tag": lambda _owner, text: _decision(text).tags[0],
    "request": _channel_request,
    "opt-out": _opt_out,
}


@pytest.mark.parametrize(
    "text", ["👩\u200d💻 coding", "می\u200cخواهم", ENGLAND, "日本語\u3000放送", "\u2067שלום\u2069 hi"]
)
@pytest.mark.parametrize("kind", TEXTS)
def test_text_is_stored_as_written(owner: User, kind: str, text: str) -> None:
    stored = TEXTS[kind](owner, text)
    assert stored == (text.lower() if kind == "tag" else text)


@pytest.mark.parametrize("kind", TEXTS)
def test_control_and_bidi_characters_are_removed(owner: User, kind: str) -> None:
    assert TEXTS[kind](owner, " a\x00\x1b \u202eb\n\u2066c\ufffe ") == "a b c"


@pytest.mark.parametrize("kind", NAMES)
def test_a_name_without_visible_characters_is_rejected(owner: User, kind: str) -> None:
    with pytest.raises(Refused, match="needs a name"):
        NAMES[kind](owner, "\u200d\u3164\x07")


async def test_the_api_stores_a_name_as_written(api: Api) -> None:
    created = await api.request("POST", "watchlists", json={"name": f"{ENGLAND} 👩\u200d💻"})
    assert (created.status_code, created.json()["name"]) == (201, f"{ENGLAND} 👩\u200d💻")
