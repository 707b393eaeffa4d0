"""CSV import of decisions: parses a file, looks up its channels and compares it with current decisions. Read-only.

The first line names the columns: `login` or `id`, and any of decision, reason, tags, note, expires. An empty cell keeps
the current value; tags are separated by semicolons or commas; `expires` is a date, or a date and time, in UTC.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from apps.channels.models import Channel
from apps.curation.decisions import NONE, Decision, decision_of, has_opted_out, validate_decision
from core.channels.account import Account, is_twitch_id
from core.channels.address import ChannelName, read_channel
from core.errors import Refused
from core.inputs.csv_files import read_csv
from core.inputs.timestamps import parse_timestamp

MAX_BYTES, MAX_LINES = 256_000, 1_000
COLUMNS = ("login", "id", "decision", "reason", "tags", "note", "expires")
# Finds accounts by logins and ids; unknown ones are omitted.
AccountLookup = Callable[[Collection[str], Collection[str]], Sequence[Account]]


@dataclass(frozen=True, slots=True)
class InvalidLine:
    """An invalid line; `line` is its number, from 1."""

    line: int
    text: str
    cause: str


@dataclass(frozen=True, slots=True)
class Change:
    """The change that a line would make."""

    line: int
    channel: Channel
    is_new: bool
    before: Decision
    after: Decision

    @property
    def values(self) -> list[tuple[str, Any, Any]]:
        """The changed values: (name, current value, new value)."""
        before, after = self.before.as_json(), self.after.as_json()
        return [(name, _display(before[name]), _display(after[name])) for name in before if before[name] != after[name]]


@dataclass(slots=True)
class Plan:
    """The effect of a file: changes, the number of lines without a change, and invalid lines."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    invalid: list[InvalidLine] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """A digest of the changes, to verify that the reviewed plan is the one that is applied."""
        changes = [[change.channel.pk, change.before.as_json(), change.after.as_json()] for change in self.changes]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file; `login` is parsed from its cell, or "" if there is none."""

    number: int
    cells: Mapping[str, str]
    login: str = ""

    @property
    def label(self) -> str:
        return self.cells.get("login") or self.cells.get("id") or ",".join(self.cells.values())[:60]


def read_text(raw: bytes) -> str:
    """Return the text of a file. Raises: Refused."""
    if len(raw) > MAX_BYTES:
        raise Refused(f"The file has {len(raw):,} bytes; the maximum is {MAX_BYTES:,}.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"The file is not UTF-8: byte {error.start + 1} is invalid.") from None


def build_plan(text: str, *, look_up: AccountLookup, now: dt.datetime) -> Plan:
    """Return the effect of a file. Raises: Refused for a malformed file, and the errors of `look_up`."""
    plan, line_of_channel = Plan(), dict[str, int]()
    lines = _lines(text, plan)
    channels = _channels(lines, look_up)
    for line in lines:
        try:
            change = _change(line, channels, now)
            if change.channel.pk in line_of_channel:
                raise Refused(f"The same channel as in line {line_of_channel[change.channel.pk]}.")
        except Refused as error:
            plan.invalid.append(InvalidLine(line.number, line.label, str(error)))
            continue
        line_of_channel[change.channel.pk] = line.number
        if change.before == change.after and not change.is_new:
            plan.unchanged += 1
        else:
            plan.changes.append(change)
    plan.invalid.sort(key=lambda invalid: invalid.line)
    return plan


def _lines(text: str, plan: Plan) -> list[_Line]:
    """Return the lines that name a channel; add the others to the invalid lines of the plan."""
    reader = read_csv(io.StringIO(text, newline=""), strict=True)
    lines: list[_Line] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_header(names)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = _Line(reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
            if len(lines) + len(plan.invalid) >= MAX_LINES:
                raise Refused(f"The file has more than {MAX_LINES:,} lines.")
            try:
                if len(cells) != len(names):
                    raise Refused(f"The line has {len(cells)} cells, but the header has {len(names)} columns.")
                lines.append(_with_login(line))
            except Refused as error:
                plan.invalid.append(InvalidLine(line.number, line.label, str(error)))
    except csv.Error as error:
        raise Refused(f"Line {reader.line_num} is not valid CSV: {error}.") from None
    return lines


def _check_header(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names) or not {"login", "id"} & set(names):
        unknown_column = f"“{unknown[0][:40]}” is not a column. " if unknown else ""
        names_of_columns = f"login or id, and any of {', '.join(COLUMNS[2:])}"
        raise Refused(f"{unknown_column}The first line must name the columns, each once: {names_of_columns}.")


def _with_login(line: _Line) -> _Line:
    """Return the line with its parsed login. Raises: Refused if it names no channel."""
    login, channel_id = line.cells.get("login", ""), line.cells.get("id", "")
    if not login and not channel_id:
        raise Refused("The login and the ID are missing.")
    if channel_id and not is_twitch_id(channel_id):
        raise Refused("The ID must have up to 20 digits.")
    return replace(line, login=read_channel(login).login if login else "")


@dataclass(slots=True)
class _Channels:
    """Channels from the database, and unsaved ones from Twitch; `known` contains the ids in the database."""

    by_id: dict[str, Channel] = field(default_factory=dict)
    by_login: dict[str, Channel] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    def add(self, channel: Channel) -> None:
        self.by_id[channel.pk] = self.by_login[channel.login] = channel

    def of(self, line: _Line) -> Channel | None:
        """Return a line's channel. An all-digit login is tried as a known id, then as a login, then as a Twitch id."""
        channel_id = line.cells.get("id") or (line.login if line.login in self.known else "")
        if channel_id:
            return self.by_id.get(channel_id)
        by_twitch_id = self.by_id.get(line.login) if ChannelName(line.login).may_be_id else None
        return self.by_login.get(line.login) or by_twitch_id


def _channels(lines: Sequence[_Line], look_up: AccountLookup) -> _Channels:
    """Return the channels that the lines name."""
    logins = {line.login for line in lines if not line.cells.get("id")}
    ids = {line.cells["id"] for line in lines if line.cells.get("id")}
    ids |= {login for login in logins if ChannelName(login).may_be_id}
    rows = Channel.objects.filter(pk__in=ids) | Channel.objects.filter(login__in=logins)
    channels = _Channels()
    # If two channels have the same login, it now belongs to the one seen last.
    for channel in rows.prefetch_related("tags").order_by("last_seen_at"):
        channels.add(channel)
    channels.known = frozenset(channels.by_id)
    missing_ids, missing_logins = ids - channels.by_id.keys(), logins - channels.by_login.keys() - channels.known
    for user in look_up(missing_logins, missing_ids) if missing_ids or missing_logins else ():
        channel = Channel.objects.filter(pk=user.id).first() or Channel(id=user.id, name=user.name)
        channel.login = user.login
        channels.add(channel)
    return channels


def _change(line: _Line, channels: _Channels, now: dt.datetime) -> Change:
    channel = channels.of(line)
    if channel is None:
        raise Refused("Twitch has no such account. Was the channel renamed?")
    if line.cells.get("id") and line.login not in ("", channel.login, channel.pk):
        raise Refused(f"The ID belongs to {channel.login}.")
    is_new = channel._state.adding
    before = Decision() if is_new else decision_of(channel)
    after = validate_decision(_decision(line, before), before=before, is_opted_out=has_opted_out(channel.pk), now=now)
    if is_new and after.kind == NONE:
        raise Refused("The channel has never been tracked. Pin it, block it, or remove the line.")
    return Change(line.number, channel, is_new, before, after)


def _decision(line: _Line, before: Decision) -> Decision:
    """Return the decision of a line; empty cells keep the current values."""
    cells = {name: cell for name, cell in line.cells.items() if cell}
    decision = before
    if "decision" in cells:
        kind = cells["decision"].lower()
        decision = replace(decision, kind=kind, until=decision.until if kind == before.kind else None)
    if "expires" in cells:
        decision = replace(decision, until=_parse_time(cells["expires"]))
        if decision.kind == NONE:
            raise Refused("Only a pin or block can expire.")
    if "tags" in cells:
        decision = replace(decision, tags=tuple(re.split("[;,]", cells["tags"])))
    return replace(decision, reason=cells.get("reason", decision.reason), note=cells.get("note", decision.note))


def _parse_time(text: str) -> dt.datetime:
    at = parse_timestamp(text, zone=dt.UTC)
    if at is None:
        raise Refused(f"“{text[:40]}” is not a time: use the form 2027-01-31 or 2027-01-31T18:00.")
    return at


def _display(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")
