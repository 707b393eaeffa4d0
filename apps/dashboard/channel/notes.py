"""One's own notes on a channel's time axis: nobody else reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core import signing
from django.db import transaction

from apps.accounts.models import User
from apps.metrics.event_marks import EventMark
from apps.workspaces.models import Note
from core.errors import NotFound, TwitchlyError
from core.inputs.readable_text import is_blank, one_line
from core.pipeline.records import EPOCH_MS
from core.times import MINUTE_MS

NOTES_MAX = 200
TEXT_MAX = Note.TEXT_MAX
# The page offers to undo for 10 s; whoever took the last of them gets it.
UNDO_S = 30
KIND = "note"

_SALT = "a deleted note"


class BadNote(TwitchlyError):
    """A note that cannot be kept. The message says why, for people to read."""


def notes_of(user: User, channel_id: str) -> list[Note]:
    """Return a user's notes on a channel, by time."""
    return list(Note.objects.filter(user=user, channel_id=channel_id).order_by("at_ms", "pk"))


@transaction.atomic
def add_note(*, user: User, channel_id: str, at_ms: int, text: str, now_ms: int) -> Note:
    """Keep a note. Raises: BadNote."""
    text = _checked(at_ms, text, now_ms)
    _make_room(user, channel_id)
    return Note.objects.create(user=user, channel_id=channel_id, at_ms=at_ms, text=text)


@transaction.atomic
def change_note(*, user: User, channel_id: str, note_id: int, at_ms: int, text: str, now_ms: int) -> Note:
    """Give a note another time and text. Raises: BadNote, NotFound."""
    note = _own(user, channel_id, note_id)
    note.at_ms, note.text = at_ms, _checked(at_ms, text, now_ms)
    note.save(update_fields=["at_ms", "text"])
    return note


@transaction.atomic
def delete_note(*, user: User, channel_id: str, note_id: int) -> str:
    """Delete a note and return what brings it back for UNDO_S; nothing of it is kept here. Raises: NotFound."""
    note = _own(user, channel_id, note_id)
    kept = {"user": user.pk, "channel": channel_id, "id": note.pk, "at_ms": note.at_ms, "text": note.text}
    undo = signing.dumps(kept | {"created": note.created.isoformat()}, salt=_SALT)
    note.delete()
    return undo


@transaction.atomic
def restore_note(*, user: User, channel_id: str, undo: str) -> Note:
    """Bring a deleted note back as it was; asked for twice, it comes once. Raises: BadNote."""
    try:
        kept = signing.loads(undo, salt=_SALT, max_age=UNDO_S)
    except signing.BadSignature:
        raise BadNote("This note can no longer be brought back.") from None
    if (kept["user"], kept["channel"]) != (user.pk, channel_id):
        raise BadNote("This note can no longer be brought back.")
    found = Note.objects.filter(pk=kept["id"], user=user).first()
    if found is None:
        _make_room(user, channel_id)
        created = datetime.fromisoformat(kept["created"])
        fields = {"at_ms": kept["at_ms"], "text": kept["text"], "created": created}
        found = Note.objects.create(pk=kept["id"], user=user, channel_id=channel_id, **fields)
    return found


def note_mark(note: Note) -> EventMark:
    """Return a note as a chart marks it. The script does the same in static/js/notes.js."""
    return EventMark(f"{KIND}-{note.pk}", note.at_ms, None, KIND, None, f"Note: {note.text}")


def note_json(note: Note) -> dict[str, Any]:
    """Return a note as the script takes it."""
    return {"id": note.pk, "at_ms": note.at_ms, "text": note.text}


def _own(user: User, channel_id: str, note_id: int) -> Note:
    note = Note.objects.filter(pk=note_id, user=user, channel_id=channel_id).first()
    if note is None:
        raise NotFound("You have no such note on this channel.")
    return note


def _make_room(user: User, channel_id: str) -> None:
    # Two requests at once must not both find the last place free.
    User.objects.select_for_update().get(pk=user.pk)
    if Note.objects.filter(user=user, channel_id=channel_id).count() >= NOTES_MAX:
        raise BadNote(f"There are {NOTES_MAX} notes on this channel, the most there can be. Delete one first.")


def _checked(at_ms: int, text: str, now_ms: int) -> str:
    text = one_line(text)
    if is_blank(text) or len(text) > TEXT_MAX:
        raise BadNote(f"A note has 1 to {TEXT_MAX} characters.")
    # The page's clock may be a little ahead of ours.
    if not EPOCH_MS <= at_ms <= now_ms + MINUTE_MS:
        raise BadNote(f"A note lies between {datetime.fromtimestamp(EPOCH_MS / 1000, UTC):%-d %b %Y} and now.")
    return text
