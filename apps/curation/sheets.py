"""A table of decisions as a CSV file: read, looked up, and laid beside what is decided now. Nothing is written here.

The first line names the columns: `login` or `id`, and any of decision, reason, tags, note, expires. An empty cell
leaves what is; tags are set apart by semicolons or commas; `expires` is a date, or a date and time, in UTC.
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
from apps.curation.decisions import NONE, Decision, checked, decision_of, has_opted_out
from core.channels.account import Account, is_twitch_id
from core.channels.address import ChannelName, read_channel
from core.errors import Refused
from core.inputs.csv_files import read_csv
from core.inputs.moments import read_moment

MAX_BYTES, MAX_LINES = 256_000, 1_000
COLUMNS = ("login", "id", "decision", "reason", "tags", "note", "expires")
# Finds accounts by their logins and ids; what Twitch does not know is left out.
LookUp = Callable[[Collection[str], Collection[str]], Sequence[Account]]


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that cannot be used; the first line of the file is 1."""

    line: int
    text: str
    cause: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a line would change."""

    line: int
    channel: Channel
    is_new: bool
    before: Decision
    after: Decision

    @property
    def values(self) -> list[tuple[str, Any, Any]]:
        """The values that differ: name, as it is, as it would be."""
        was, now = self.before.as_json(), self.after.as_json()
        return [(name, _said(was[name]), _said(now[name])) for name in was if was[name] != now[name]]


@dataclass(slots=True)
class Plan:
    """What a file would do: changes, lines that change nothing, and lines that cannot be used."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    bad: list[Bad] = field(default_factory=list)

    @property
    def digest(self) -> str:
        """What tells this plan from another one: what was looked at is what is written."""
        changes = [[one.channel.pk, one.before.as_json(), one.after.as_json()] for one in self.changes]
        return hashlib.sha256(json.dumps(changes).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the file; `login` is the one its cell means, "" for none."""

    number: int
    cells: Mapping[str, str]
    login: str = ""

    @property
    def said(self) -> str:
        return self.cells.get("login") or self.cells.get("id") or ",".join(self.cells.values())[:60]


def read_text(raw: bytes) -> str:
    """Return the text of a file. Raises: Refused."""
    if len(raw) > MAX_BYTES:
        raise Refused(f"The file has {len(raw):,} bytes; {MAX_BYTES:,} are the most.")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refused(f"The file is not UTF-8: byte {error.start + 1} is none of its.") from None


def plan_of(text: str, *, look_up: LookUp, now: dt.datetime) -> Plan:
    """Return what the file would do. Raises: Refused for a file that is none; what `look_up` raises."""
    plan, taken = Plan(), dict[str, int]()
    lines = _lines(text, plan)
    channels = _channels(lines, look_up)
    for line in lines:
        try:
            change = _change(line, channels, now)
            if change.channel.pk in taken:
                raise Refused(f"The same channel as in line {taken[change.channel.pk]}.")
        except Refused as error:
            plan.bad.append(Bad(line.number, line.said, str(error)))
            continue
        taken[change.channel.pk] = line.number
        if change.before == change.after and not change.is_new:
            plan.unchanged += 1
        else:
            plan.changes.append(change)
    plan.bad.sort(key=lambda bad: bad.line)
    return plan


def _lines(text: str, plan: Plan) -> list[_Line]:
    """Return the lines that name a channel; others become bad ones of the plan."""
    reader = read_csv(io.StringIO(text, newline=""), strict=True)
    found: list[_Line] = []
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _check_head(names)
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            line = _Line(reader.line_num, dict(zip(names, (cell.strip() for cell in cells), strict=False)))
            if len(found) + len(plan.bad) >= MAX_LINES:
                raise Refused(f"The file has more than {MAX_LINES:,} lines.")
            try:
                if len(cells) != len(names):
                    raise Refused(f"{len(cells)} cells, but {len(names)} columns.")
                found.append(_checked(line))
            except Refused as error:
                plan.bad.append(Bad(line.number, line.said, str(error)))
    except csv.Error as error:
        raise Refused(f"Line {reader.line_num} is no CSV: {error}.") from None
    return found


def _check_head(names: Sequence[str]) -> None:
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names) or not {"login", "id"} & set(names):
        wrong = f"“{unknown[0][:40]}” is no column. " if unknown else ""
        raise Refused(f"{wrong}The first line names the columns, each once: login or id, and any of {_rest()}.")


def _rest() -> str:
    return ", ".join(COLUMNS[2:])


def _checked(line: _Line) -> _Line:
    """Return a line with the login that it means. Raises: Refused where it names no channel."""
    login, channel_id = line.cells.get("login", ""), line.cells.get("id", "")
    if not login and not channel_id:
        raise Refused("Neither a login nor an id.")
    if channel_id and not is_twitch_id(channel_id):
        raise Refused("The id is not up to 20 digits.")
    return replace(line, login=read_channel(login).login if login else "")


@dataclass(slots=True)
class _Channels:
    """Channels from the table, else from Twitch and not yet saved; `known` are the ids from the table."""

    by_id: dict[str, Channel] = field(default_factory=dict)
    by_login: dict[str, Channel] = field(default_factory=dict)
    known: frozenset[str] = frozenset()

    def add(self, channel: Channel) -> None:
        self.by_id[channel.pk] = self.by_login[channel.login] = channel

    def of(self, line: _Line) -> Channel | None:
        """Return the channel of a line; a login of digits alone is an id that we know, a login, an id of Twitch's."""
        channel_id = line.cells.get("id") or (line.login if line.login in self.known else "")
        if channel_id:
            return self.by_id.get(channel_id)
        of_twitch = self.by_id.get(line.login) if ChannelName(line.login).may_be_id else None
        return self.by_login.get(line.login) or of_twitch


def _channels(lines: Sequence[_Line], look_up: LookUp) -> _Channels:
    """Return the channels that the lines name."""
    logins = {line.login for line in lines if not line.cells.get("id")}
    ids = {line.cells["id"] for line in lines if line.cells.get("id")}
    ids |= {login for login in logins if ChannelName(login).may_be_id}
    rows = Channel.objects.filter(pk__in=ids) | Channel.objects.filter(login__in=logins)
    found = _Channels()
    # Of two that were called the same, the one seen last has the login now.
    for channel in rows.prefetch_related("tags").order_by("last_seen_at"):
        found.add(channel)
    found.known = frozenset(found.by_id)
    missing_ids, missing_logins = ids - found.by_id.keys(), logins - found.by_login.keys() - found.known
    for user in look_up(missing_logins, missing_ids) if missing_ids or missing_logins else ():
        channel = Channel.objects.filter(pk=user.id).first() or Channel(id=user.id, name=user.name)
        channel.login = user.login
        found.add(channel)
    return found


def _change(line: _Line, channels: _Channels, now: dt.datetime) -> Change:
    channel = channels.of(line)
    if channel is None:
        raise Refused("Twitch knows nobody like that. Was the channel renamed?")
    if line.cells.get("id") and line.login not in ("", channel.login, channel.pk):
        raise Refused(f"The id is that of {channel.login}.")
    is_new = channel._state.adding
    before = Decision() if is_new else decision_of(channel)
    after = checked(_wanted(line, before), before=before, is_out=has_opted_out(channel.pk), now=now)
    if is_new and after.kind == NONE:
        raise Refused("The channel was never followed: pin or block it, or leave it out.")
    return Change(line.number, channel, is_new, before, after)


def _wanted(line: _Line, before: Decision) -> Decision:
    """Return the decision of a line; what it does not say stays as it is."""
    cells = {name: cell for name, cell in line.cells.items() if cell}
    wanted = before
    if "decision" in cells:
        kind = cells["decision"].lower()
        wanted = replace(wanted, kind=kind, until=wanted.until if kind == before.kind else None)
    if "expires" in cells:
        wanted = replace(wanted, until=_moment(cells["expires"]))
        if wanted.kind == NONE:
            raise Refused("Only a pin or block can expire.")
    if "tags" in cells:
        wanted = replace(wanted, tags=tuple(re.split("[;,]", cells["tags"])))
    return replace(wanted, reason=cells.get("reason", wanted.reason), note=cells.get("note", wanted.note))


def _moment(text: str) -> dt.datetime:
    moment = read_moment(text, zone=dt.UTC)
    if moment is None:
        raise Refused(f"“{text[:40]}” is not a time: use the form 2027-01-31 or 2027-01-31T18:00.")
    return moment


def _said(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value or "")
