"""Private notes of a user on a channel's time axis."""

from __future__ import annotations

from dataclasses import asdict
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
# The page offers undo for 10 s. The rest is a margin for slow requests.
UNDO_S = 30
KIND = "note"

_SALT = "a deleted note"


class BadNote(TwitchlyError):
    """An invalid note; the message is shown to the user."""


def notes_of(user: User, channel_id: str) -> list[Note]:
    """Return a user's notes on a channel, in chronological order."""
    return list(Note.objects.filter(user=user, channel_id=channel_id).order_by("at_ms", "pk"))


@transaction.atomic
def add_note(*, user: User, channel_id: str, at_ms: int, text: str, now_ms: int) -> Note:
    """Create a note. Raises: BadNote."""
    text = _validate(at_ms, text, now_ms)
    _check_limit(user, channel_id)
    return Note.objects.create(user=user, channel_id=channel_id, at_ms=at_ms, text=text)


@transaction.atomic
def change_note(*, user: User, channel_id: str, note_id: int, at_ms: int, text: str, now_ms: int) -> Note:
    """Update the time and text of a note. Raises: BadNote, NotFound."""
    note = _find_own(user, channel_id, note_id)
    note.at_ms, note.text = at_ms, _validate(at_ms, text, now_ms)
    note.save(update_fields=["at_ms", "text"])
    return note


@transaction.atomic
def delete_note(*, user: User, channel_id: str, note_id: int) -> str:
    """Delete a note and return a token that restores it within UNDO_S; no copy is stored. Raises: NotFound."""
    note = _find_own(user, channel_id, note_id)
    fields = {"user": user.pk, "channel": channel_id, "id": note.pk, "at_ms": note.at_ms, "text": note.text}
    undo = signing.dumps(fields | {"created": note.created.isoformat()}, salt=_SALT)
    note.delete()
    return undo


@transaction.atomic
def restore_note(*, user: User, channel_id: str, undo: str) -> Note:
    """Restore a deleted note; idempotent. Raises: BadNote."""
    try:
        saved = signing.loads(undo, salt=_SALT, max_age=UNDO_S)
    except signing.BadSignature:
        raise BadNote("This note can no longer be restored.") from None
    if (saved["user"], saved["channel"]) != (user.pk, channel_id):
        raise BadNote("This note can no longer be restored.")
    note = Note.objects.filter(pk=saved["id"], user=user).first()
    if note is None:
        _check_limit(user, channel_id)
        created = datetime.fromisoformat(saved["created"])
        fields = {"at_ms": saved["at_ms"], "text": saved["text"], "created": created}
        note = Note.objects.create(pk=saved["id"], user=user, channel_id=channel_id, **fields)
    return note


def note_mark(note: Note) -> EventMark:
    """Return the chart mark for a note."""
    return EventMark(f"{KIND}-{note.pk}", note.at_ms, None, KIND, None, f"Note: {note.text}")


def note_json(note: Note) -> dict[str, Any]:
    """Return the JSON that static/js/notes.js reads."""
    return {"id": note.pk, "at_ms": note.at_ms, "text": note.text, "mark": asdict(note_mark(note))}


def _find_own(user: User, channel_id: str, note_id: int) -> Note:
    note = Note.objects.filter(pk=note_id, user=user, channel_id=channel_id).first()
    if note is None:
        raise NotFound("This note does not exist.")
    return note


def _check_limit(user: User, channel_id: str) -> None:
    # Lock the user, so that two concurrent requests cannot both create the last allowed note.
    User.objects.select_for_update().get(pk=user.pk)
    if Note.objects.filter(user=user, channel_id=channel_id).count() >= NOTES_MAX:
        raise BadNote(f"You have {NOTES_MAX} notes on this channel, which is the maximum. Delete one first.")


def _validate(at_ms: int, text: str, now_ms: int) -> str:
    text = one_line(text)
    if is_blank(text) or len(text) > TEXT_MAX:
        raise BadNote(f"A note must have 1 to {TEXT_MAX} characters.")
    # The browser's clock may be slightly ahead of the server's.
    if not EPOCH_MS <= at_ms <= now_ms + MINUTE_MS:
        raise BadNote(
            f"The time of a note must be between {datetime.fromtimestamp(EPOCH_MS / 1000, UTC):%-d %b %Y} and now."
        )
    return text
