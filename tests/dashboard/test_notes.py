"""Private notes: creation, changes, deletion and undo."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from pytest_django import Settings

from apps.accounts.models import User
from apps.accounts.personal_data import delete_account, personal_data
from apps.accounts.services import ensure_user
from apps.dashboard.channel import notes as notes_module
from apps.dashboard.channel.notes import NOTES_MAX, UNDO_S, BadNote, add_note, delete_note, restore_note
from apps.workspaces.models import Note
from core.pipeline.records import EPOCH_MS
from core.times import HOUR_MS
from tests.dashboard.conftest import EMAIL, Boards
from tests.pages import read_page
from twitchly.clock import now_ms

pytestmark = pytest.mark.django_db

OTHER = "other@example.com"
AT = 1_704_067_200_000


@pytest.fixture
def other(db: None) -> Client:
    """A client of another account."""
    ensure_user(email=OTHER, password="another long password")
    client = Client()
    assert client.login(username=OTHER, password="another long password")
    return client


@pytest.fixture
def user(signed_in: Client) -> User:
    return User.objects.get(email=EMAIL)


def post(client: Client, path: str = "", **fields: Any) -> tuple[int, Any]:
    response = client.post(f"/channels/1/notes{path}", fields)
    return response.status_code, json.loads(response.content)


def listed(client: Client, channel: str = "1") -> list[str]:
    return [note["text"] for note in client.get(f"/channels/{channel}/notes").json()["notes"]]


def test_notes_can_be_created_changed_deleted_and_restored(signed_in: Client) -> None:
    status, note = post(signed_in, at_ms=AT, text="  our slot begins  ")
    assert (status, note["at_ms"], note["text"]) == (201, AT, "our slot begins")
    created = Note.objects.get().created
    status, note = post(signed_in, f"/{note['id']}", at_ms=AT + 1, text="our slot begins here")
    assert (status, note["at_ms"]) == (200, AT + 1)
    status, body = post(signed_in, f"/{note['id']}/delete")
    assert status == 200
    assert not Note.objects.exists()
    assert post(signed_in, "/restore", undo=body["undo"]) == (200, note)
    assert post(signed_in, "/restore", undo=body["undo"]) == (200, note)
    assert [(item.text, item.created) for item in Note.objects.all()] == [("our slot begins here", created)]


def test_notes_are_listed_by_channel_and_time(signed_in: Client) -> None:
    post(signed_in, at_ms=AT + 5, text="second")
    post(signed_in, at_ms=AT, text="first")
    assert listed(signed_in) == ["first", "second"]
    assert listed(signed_in, "2") == []


def test_notes_are_private(signed_in: Client, other: Client) -> None:
    _, note = post(signed_in, at_ms=AT, text="mine")
    assert listed(other) == []
    assert post(other, f"/{note['id']}", at_ms=AT, text="theirs")[0] == 404
    assert post(other, f"/{note['id']}/delete")[0] == 404
    _, body = post(signed_in, f"/{note['id']}/delete")
    assert post(other, "/restore", undo=body["undo"])[0] == 400
    assert not Note.objects.exists()
    assert post(signed_in, "/restore", undo=body["undo"])[0] == 200
    assert listed(signed_in) == ["mine"]


def test_a_note_is_not_found_under_another_channel(signed_in: Client) -> None:
    _, note = post(signed_in, at_ms=AT, text="mine")
    assert signed_in.post(f"/channels/2/notes/{note['id']}", {"at_ms": AT, "text": "x"}).status_code == 404
    _, body = post(signed_in, f"/{note['id']}/delete")
    assert signed_in.post("/channels/2/notes/restore", {"undo": body["undo"]}).status_code == 400
    assert signed_in.post(f"/channels/1/notes/{'9' * 40}/delete").status_code == 404


def test_notes_require_an_account_even_on_a_public_board(
    boards: Boards, client: Client, settings: Settings, db: None
) -> None:
    settings.PUBLIC_BOARD = True
    assert client.get("/channels/1/notes").status_code == 401
    assert client.post("/channels/1/notes", {"at_ms": AT, "text": "x"}).status_code == 401
    assert 'id="notes"' not in read_page(client.get("/?channel=1"))


def test_notes_require_a_csrf_token(user: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert strict.post("/channels/1/notes", {"at_ms": AT, "text": "x"}).status_code == 403
    assert not Note.objects.exists()


@pytest.mark.parametrize("text", ["", "   ", "x" * 201, "\x07", "\u200d\u2800"])
def test_a_note_has_1_to_200_characters(signed_in: Client, text: str) -> None:
    status, body = post(signed_in, at_ms=AT, text=text)
    assert (status, body["reason"]) == (400, "A note must have 1 to 200 characters.")
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    "text", ["x" * 200, "Grüße, 你好", "👩\u200d👩\u200d👧 family", "می\u200cخواهم", "🏴\U000e0067\U000e007f"]
)
def test_note_text_is_stored_verbatim(signed_in: Client, text: str) -> None:
    assert post(signed_in, at_ms=AT, text=text)[0] == 201
    assert listed(signed_in) == [text]


@pytest.mark.parametrize(
    ("text", "stored"), [("two\nlines", "two lines"), ("bell\x07", "bell"), ("turned \u202e round", "turned round")]
)
def test_invisible_and_directional_characters_are_removed(signed_in: Client, text: str, stored: str) -> None:
    assert post(signed_in, at_ms=AT, text=text)[0] == 201
    assert listed(signed_in) == [stored]


@pytest.mark.parametrize("at_ms", ["", "soon", "-5", "9" * 30, str(EPOCH_MS - 1)])
def test_a_note_requires_a_valid_time(signed_in: Client, at_ms: str) -> None:
    assert post(signed_in, at_ms=at_ms, text="x")[0] == 400
    assert post(signed_in, at_ms=now_ms() + HOUR_MS, text="x")[0] == 400


def test_notes_are_limited_to_200_per_channel_and_account(signed_in: Client, user: User, other: Client) -> None:
    Note.objects.bulk_create(Note(user=user, channel_id="1", at_ms=AT + n, text=f"{n}") for n in range(NOTES_MAX))
    status, body = post(signed_in, at_ms=AT, text="one more")
    assert (status, body["reason"][:23]) == (400, "You have 200 notes on t")
    assert signed_in.post("/channels/2/notes", {"at_ms": AT, "text": "x"}).status_code == 201
    assert post(other, at_ms=AT, text="x")[0] == 201
    undo = delete_note(user=user, channel_id="1", note_id=Note.objects.filter(user=user, channel_id="1")[0].pk)
    add_note(user=user, channel_id="1", at_ms=AT, text="in its place", now_ms=now_ms())
    with pytest.raises(BadNote, match="200 notes"):
        restore_note(user=user, channel_id="1", undo=undo)


def test_undo_requires_a_valid_recent_token(signed_in: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    note = add_note(user=user, channel_id="1", at_ms=AT, text="x", now_ms=now_ms())
    undo = delete_note(user=user, channel_id="1", note_id=note.pk)
    forged = signing.dumps({"user": user.pk, "channel": "1", "id": 1, "at_ms": AT, "text": "x"}, salt="another")
    for invalid in ("", "nonsense", undo[:-1], forged):
        assert post(signed_in, "/restore", undo=invalid)[0] == 400
    assert UNDO_S >= 10
    monkeypatch.setattr(notes_module, "UNDO_S", -1)
    assert post(signed_in, "/restore", undo=undo)[0] == 400


def test_notes_are_exported_and_deleted_with_the_account(user: User, other: Client) -> None:
    add_note(user=user, channel_id="1", at_ms=AT, text="mine", now_ms=now_ms())
    post(other, at_ms=AT, text="theirs")
    (note,) = personal_data(user)["notes"]
    assert (note["channel_id"], note["at"], note["text"]) == ("1", "2024-01-01T00:00:00Z", "mine")
    delete_account(user)
    assert [item.text for item in Note.objects.all()] == ["theirs"]


def test_hostile_notes_are_escaped(boards: Boards, signed_in: Client) -> None:
    hostile = "</script><script>alert(1)</script>"
    assert post(signed_in, at_ms=AT, text=hostile)[0] == 201
    page = read_page(signed_in.get("/?channel=1"))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_the_script_receives_the_mark_for_a_note(boards: Boards, signed_in: Client) -> None:
    status, note = post(signed_in, at_ms=AT, text="“mine”")
    assert status == 201
    assert note["mark"] == {
        "id": f"note-{note['id']}",
        "at_ms": AT,
        "until_ms": None,
        "kind": "note",
        "count": None,
        "label": "Note: “mine”",
    }
