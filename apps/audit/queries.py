"""Audit log queries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from apps.audit.models import Act, Deletion
from core.inputs.timestamps import format_timestamp

COLUMNS = ("at", "by", "action", "object_type", "object_id", "object", "reason", "before", "after")


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """Result of an erasure, by table: rows found and rows left; `done_at` is None until the erasure is complete."""

    found: Mapping[str, int]
    left: Mapping[str, int]
    done_at: datetime | None

    @property
    def tables(self) -> list[tuple[str, int, int | None]]:
        """Each table, with its row counts before and after the erasure."""
        return [(name, count, self.left.get(name)) for name, count in self.found.items()]

    @property
    def total(self) -> int:
        return sum(self.found.values())


def erasure_receipt(event: str) -> ErasureReceipt | None:
    """Return the receipt of an erasure, or None before it began."""
    stages = {deletion.stage: deletion for deletion in Deletion.objects.filter(event=event)}
    found, left = stages.get(Deletion.Stage.FOUND), stages.get(Deletion.Stage.LEFT)
    if found is None:
        return None
    return ErasureReceipt(found.rows, left.rows if left else {}, left.at if left else None)


def csv_rows(acts: Iterable[Act]) -> Iterator[list[str]]:
    """Yield the entries as CSV rows, with the columns of COLUMNS."""
    for act in acts:
        yield [
            format_timestamp(act.at),
            act.by,
            act.get_act_display(),
            act.model,
            act.object_id,
            act.label,
            act.reason,
            format_values(act.before),
            format_values(act.after),
        ]


def format_values(values: Mapping[str, object]) -> str:
    """Return values as text, such as “pinned: True; note: a partner”."""
    return "; ".join(f"{name}: {_plain(value)}" for name, value in values.items())


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value in (None, "") else str(value)
