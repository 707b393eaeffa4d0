"""Erasure of a channel that opted out: deletes its history, and records the row counts in the audit log."""

from __future__ import annotations

from django.db import Error, close_old_connections

from apps.audit.models import Deletion
from apps.audit.services import record_deletion
from apps.metrics.store import WindowStore
from core.errors import ServiceUnavailable
from core.pipeline.records import EventRecord


def erase_channel(store: WindowStore, event: EventRecord) -> None:
    """Count the rows of the event's channel, delete them, and count the remaining rows. Raises: ServiceUnavailable.

    A repeated call deletes again, which changes nothing, and keeps the first counts.
    """
    _record(event, Deletion.Stage.FOUND, store.count(event.channel_id, event.at_ms))
    store.erase(event.channel_id, event.at_ms)
    _record(event, Deletion.Stage.LEFT, store.count(event.channel_id, event.at_ms))


def _record(event: EventRecord, stage: Deletion.Stage, rows: dict[str, int]) -> None:
    try:
        # The sink runs for weeks and rarely uses this database.
        close_old_connections()
        record_deletion(event=event.id, stage=stage, channel_id=event.channel_id, rows=rows)
    except Error as error:
        raise ServiceUnavailable(
            f"the relational database, which records the deletion, is not responding: {error}"
        ) from error
