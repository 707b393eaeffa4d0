"""Migrates curation and the audit log from Twitchly 0.3 to this version, which uses other table names.

The file is NDJSON: a header, one line per row, and a trailer with the counts, so that truncated files are detected.
Accounts are not migrated. The import can be run again. It adds missing rows, and updates bots and the
channels that have no decision yet.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson
from django.db import connection, models, transaction
from django.utils import timezone

from apps.audit.models import Act, Deletion
from apps.audit.services import SYSTEM
from apps.channels.models import Channel, Tag
from apps.curation.models import Bot, OptOut, OptOutRequest
from core.errors import TwitchlyError
from core.inputs.json_text import InvalidJson, read_json
from core.inputs.timestamps import format_timestamp, parse_timestamp

FORMAT = 1
_JSON_COLUMNS = {"before", "after", "rows"}  # database drivers return these as text or as objects
# The tables read from 0.3: name in the file, name in the database, and columns.
_TABLES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "channel": ("ingest_channel", ("id", "login", "name", "pinned", "blocked", "reason", "decided_until", "note")),
    "opt_out": ("ingest_optout", ("kind", "twitch_id", "login", "note", "created_at")),
    "opt_out_request": (
        "ingest_optoutrequest",
        ("kind", "login", "contact", "note", "created_at", "closed_at", "state"),
    ),
    "bot": ("ingest_bot", ("login", "note", "is_counted_out")),
    "act": ("audit_act", ("at", "by", "act", "model", "object_id", "label", "before", "after", "reason")),
    "deletion": ("audit_deletion", ("event", "stage", "channel_id", "rows", "at")),
}


class CarryError(TwitchlyError):
    """An unexpected database or file; the message says what to do."""


def is_old_database() -> bool:
    """Return whether the connected database belongs to Twitchly 0.3."""
    return _TABLES["opt_out"][0] in connection.introspection.table_names()


def was_imported() -> bool:
    """Return whether a file exported from 0.3 has been imported."""
    return Act.objects.filter(act=Act.Kind.IMPORTED).exists()


def export_lines() -> Iterator[bytes]:
    """Yield the lines of the file, read from the 0.3 database. Raises: CarryError."""
    if not is_old_database():
        raise CarryError("The database does not belong to Twitchly 0.3: point DATABASE_URL to the one that 0.3 used")
    counts: Counter[str] = Counter()
    yield _line({"twitchly_carry": FORMAT, "exported_at": timezone.now().isoformat(timespec="seconds")})
    tags = _tags()
    for kind, (table, columns) in _TABLES.items():
        for row in _rows(table, columns):
            if kind == "channel":
                row["tags"] = tags.get(row["id"], [])
                if not (row["pinned"] or row["blocked"] or row["tags"] or row["note"]):
                    continue
            counts[kind] += 1
            yield _line({"table": kind, **row})
    yield _line({"end": dict(counts)})


@transaction.atomic
def import_lines(lines: Iterable[bytes]) -> dict[str, int]:
    """Add the missing rows of a file and return the number of new rows by kind. Raises: CarryError."""
    rows = _read(lines)
    added = {
        "channel": sum(_add_channel(row) for row in rows["channel"]),
        "opt_out": _add(OptOut, rows["opt_out"], "kind", "twitch_id"),
        "opt_out_request": _add(OptOutRequest, rows["opt_out_request"], "kind", "login", "created_at"),
        "bot": sum(_set_bot(row) for row in rows["bot"]),
        "act": _add(Act, rows["act"], "at", "by", "act", "model", "object_id"),
        "deletion": _add(Deletion, rows["deletion"], "event", "stage"),
    }
    Act.objects.create(by=SYSTEM, act=Act.Kind.IMPORTED, model="database", label="data from Twitchly 0.3", after=added)
    return added


def _tags() -> dict[str, list[str]]:
    query = "SELECT c.channel_id, t.name FROM ingest_channel_tags c JOIN ingest_tag t ON t.id = c.tag_id ORDER BY 2"
    tags: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query)
        for channel_id, name in cursor:
            tags.setdefault(channel_id, []).append(name)
    return tags


def _rows(table: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted} FROM {table} ORDER BY 1")  # noqa: S608  names of our own tables
        for values in cursor:
            yield {name: _json_value(name, value) for name, value in zip(columns, values, strict=True)}


def _json_value(name: str, value: Any) -> Any:
    if name in _JSON_COLUMNS and isinstance(value, str):
        return orjson.loads(value)
    if name in ("pinned", "blocked", "is_counted_out"):
        return bool(value)
    if isinstance(value, dt.datetime):
        # SQLite's times have no zone; they are in UTC.
        return format_timestamp(value if value.tzinfo else value.replace(tzinfo=dt.UTC), timespec="microseconds")
    return value


def _line(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _read(lines: Iterable[bytes]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows by kind. Raises: CarryError for a file that is truncated, modified or in another format."""
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _TABLES}
    counts: dict[str, int] | None = None
    try:
        header, *rest = [read_json(line) for line in lines]
        if header.get("twitchly_carry") != FORMAT:
            raise CarryError(f"The file has format {header.get('twitchly_carry')}: expected {FORMAT}")
        for row in rest:
            if "end" in row:
                counts = row["end"]
            else:
                rows[row.pop("table")].append(row)
    except (InvalidJson, ValueError, KeyError, AttributeError) as error:
        raise CarryError(f"The file was not written by `carry export`: {error}") from error
    if counts != {kind: len(kind_rows) for kind, kind_rows in rows.items() if kind_rows}:
        raise CarryError("The file is incomplete: export it again")
    return rows


def _add_channel(row: dict[str, Any]) -> bool:
    """Add a curated channel, unless this version already has a decision about it."""
    tags = [Tag.objects.get_or_create(name=name)[0] for name in row.pop("tags")]
    row["decided_until"] = parse_timestamp(row["decided_until"], zone=dt.UTC)
    channel, is_new = Channel.objects.get_or_create(id=row["id"], defaults=row)
    if not is_new and not (channel.pinned or channel.blocked):
        fields = ("pinned", "blocked", "reason", "decided_until", "note")
        for name in fields:
            setattr(channel, name, row[name])
        channel.save(update_fields=fields)
        is_new = True
    channel.tags.add(*tags)
    return is_new


def _set_bot(row: dict[str, Any]) -> bool:
    """Apply the decision of 0.3 about a bot, which overrides the bundled list."""
    login = row.pop("login")
    _, is_new = Bot.objects.update_or_create(login=login, defaults=row)
    return is_new


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row, with its times as datetimes."""
    return {
        name: parse_timestamp(value, zone=dt.UTC) if name == "at" or name.endswith("_at") else value
        for name, value in row.items()
    }


def _add(model: type[models.Model], rows: Iterable[dict[str, Any]], *key: str) -> int:
    """Add the rows whose key does not exist yet, with their original times."""
    existing = set(model._default_manager.values_list(*key))
    added = 0
    for row in rows:
        values = _values(row)
        if tuple(values[name] for name in key) not in existing:
            # `raw`: save() would replace the original times of auto_now_add columns.
            model(**values).save_base(raw=True, force_insert=True)
            added += 1
    return added
