"""A channel that opted out leaves history, and what was deleted is written down where nobody can change it."""

from __future__ import annotations

from django.db import Error, close_old_connections

from apps.audit.models import Deletion
from apps.audit.services import note_deletion
from apps.metrics.store import WindowStore
from core.errors import ServiceAway
from core.pipeline.records import EventRecord


def forget_channel(store: WindowStore, event: EventRecord) -> None:
    """Count what is stored of the event's channel, delete it, and count what is left. Raises: ServiceAway.

    A repeat deletes again, which changes nothing, and the counts of the first time stand.
    """
    _note(event, Deletion.Stage.FOUND, store.count(event.channel_id, event.at_ms))
    store.forget(event.channel_id, event.at_ms)
    _note(event, Deletion.Stage.LEFT, store.count(event.channel_id, event.at_ms))


def _note(event: EventRecord, stage: Deletion.Stage, rows: dict[str, int]) -> None:
    try:
        # The sink runs for weeks, and hardly ever asks this database.
        close_old_connections()
        note_deletion(event=event.id, stage=stage, channel_id=event.channel_id, rows=rows)
    except Error as error:
        raise ServiceAway(f"the relational database, which proves the deletion, is away: {error}") from error
