"""Carries curation and the audit log from Twitchly 0.3 to this version, whose tables have other names.

The file is NDJSON: a head, a line for each row, and a tail with the counts, so that a cut file is noticed. Accounts are
not carried. Import adds what is missing and changes nothing that is there, so it may be repeated.
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
from core.inputs.moments import read_moment, write_moment

FORMAT = 1
_TEXTS = {"before", "after", "rows"}  # JSON columns, which drivers return as text or as objects
# What is read of 0.3: the name of a table in the file, its name in the database, and the columns.
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


class CannotCarry(TwitchlyError):
    """The database or the file cannot be used; the message says what to do."""


def is_old_database() -> bool:
    """Tell whether the connected database is that of Twitchly 0.3."""
    return _TABLES["opt_out"][0] in connection.introspection.table_names()


def was_imported() -> bool:
    """Tell whether a file of 0.3 has been imported."""
    return Act.objects.filter(act=Act.Kind.IMPORTED).exists()


def export_lines() -> Iterator[bytes]:
    """Yield the lines of the file, read from the database of 0.3. Raises: CannotCarry."""
    if not is_old_database():
        raise CannotCarry("The database is not one of Twitchly 0.3: point DATABASE_URL to the one that 0.3 used")
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
    """Add what the lines hold and return how many rows of each kind were new. Raises: CannotCarry."""
    rows = _read(lines)
    added = {
        "channel": sum(_add_channel(row) for row in rows["channel"]),
        "opt_out": _add(OptOut, rows["opt_out"], "kind", "twitch_id"),
        "opt_out_request": _add(OptOutRequest, rows["opt_out_request"], "kind", "login", "created_at"),
        "bot": sum(_set_bot(row) for row in rows["bot"]),
        "act": _add(Act, rows["act"], "at", "by", "act", "model", "object_id"),
        "deletion": _add(Deletion, rows["deletion"], "event", "stage"),
    }
    Act.objects.create(
        by=SYSTEM, act=Act.Kind.IMPORTED, model="database", label="the data of Twitchly 0.3", after=added
    )
    return added


def _tags() -> dict[str, list[str]]:
    query = "SELECT c.channel_id, t.name FROM ingest_channel_tags c JOIN ingest_tag t ON t.id = c.tag_id ORDER BY 2"
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query)
        for channel_id, name in cursor:
            found.setdefault(channel_id, []).append(name)
    return found


def _rows(table: str, columns: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    quoted = ", ".join(connection.ops.quote_name(column) for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {quoted} FROM {table} ORDER BY 1")  # noqa: S608  names of our own tables
        for values in cursor:
            yield {name: _plain(name, value) for name, value in zip(columns, values, strict=True)}


def _plain(name: str, value: Any) -> Any:
    if name in _TEXTS and isinstance(value, str):
        return orjson.loads(value)
    if name in ("pinned", "blocked", "is_counted_out"):
        return bool(value)
    if isinstance(value, dt.datetime):
        # SQLite's times have no zone; they are in UTC.
        return write_moment(value if value.tzinfo else value.replace(tzinfo=dt.UTC), timespec="microseconds")
    return value


def _line(fields: Mapping[str, Any]) -> bytes:
    return orjson.dumps(fields, option=orjson.OPT_APPEND_NEWLINE)


def _read(lines: Iterable[bytes]) -> dict[str, list[dict[str, Any]]]:
    """Return the rows by their kinds. Raises: CannotCarry for a file that is cut, changed or of another format."""
    rows: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _TABLES}
    end: dict[str, int] | None = None
    try:
        head, *rest = [orjson.loads(line) for line in lines]
        if head.get("twitchly_carry") != FORMAT:
            raise CannotCarry(f"The file has format {head.get('twitchly_carry')}: expected {FORMAT}")
        for row in rest:
            if "end" in row:
                end = row["end"]
            else:
                rows[row.pop("table")].append(row)
    except (ValueError, KeyError, AttributeError) as error:
        raise CannotCarry(f"The file is not one of `carry export`: {error}") from error
    if end != {kind: len(found) for kind, found in rows.items() if found}:
        raise CannotCarry("The file is incomplete: export it again")
    return rows


def _add_channel(row: dict[str, Any]) -> bool:
    """Add a curated channel, unless it is decided about already."""
    tags = [Tag.objects.get_or_create(name=name)[0] for name in row.pop("tags")]
    row["decided_until"] = read_moment(row["decided_until"], zone=dt.UTC)
    channel, is_new = Channel.objects.get_or_create(id=row["id"], defaults=row)
    if not is_new and not (channel.pinned or channel.blocked):
        decided = ("pinned", "blocked", "reason", "decided_until", "note")
        for name in decided:
            setattr(channel, name, row[name])
        channel.save(update_fields=decided)
        is_new = True
    channel.tags.add(*tags)
    return is_new


def _set_bot(row: dict[str, Any]) -> bool:
    """Keep what 0.3 said of a bot; the list that comes with Twitchly is no decision."""
    login = row.pop("login")
    _, is_new = Bot.objects.update_or_create(login=login, defaults=row)
    return is_new


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a row, with its times as datetimes."""
    return {
        name: read_moment(value, zone=dt.UTC) if name == "at" or name.endswith("_at") else value
        for name, value in row.items()
    }


def _add(model: type[models.Model], rows: Iterable[dict[str, Any]], *key: str) -> int:
    """Add the rows whose key is not there, with their own times."""
    there = set(model._default_manager.values_list(*key))
    added = 0
    for row in rows:
        values = _values(row)
        if tuple(values[name] for name in key) not in there:
            # `raw`: save() would put the present time into columns that are set once.
            model(**values).save_base(raw=True, force_insert=True)
            added += 1
    return added
