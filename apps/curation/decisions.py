"""Curators' decisions about channels. One function writes them and records each in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from apps.audit.models import Act
from apps.audit.services import SYSTEM, record
from apps.channels.models import REASON_MAX, Channel, FormerLogin, Tag
from apps.curation.models import OptOut
from core.errors import Refused
from core.inputs.readable_text import is_blank, one_line
from core.inputs.timestamps import format_timestamp

PIN, BLOCK, NONE = "pin", "block", "none"
DECISIONS: Mapping[str, str] = {
    PIN: "pin: always tracked",
    BLOCK: "block: never tracked",
    NONE: "none: tracked by rank",
}
# Suggested reasons; any other text is allowed.
REASONS = ("requested", "partner", "event", "editorial", "not a person's channel", "bought viewers or chat", "law")
REQUESTED = REASONS[0]
TAGS_MAX, TAG_MAX, NOTE_MAX = 20, 30, 200
# The fields that a decision writes. The refresh of the channel list may be writing the other fields concurrently.
_DECISION_FIELDS = ("pinned", "blocked", "reason", "decided_until", "note")
_ACTS = {PIN: Act.Kind.PINNED, BLOCK: Act.Kind.BLOCKED, NONE: Act.Kind.LEFT}


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about a channel; `until` is the expiry time of a pin or block."""

    kind: str = NONE
    reason: str = ""
    until: dt.datetime | None = None
    tags: tuple[str, ...] = ()
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        until = format_timestamp(self.until, timespec="minutes") if self.until else None
        return {
            "decision": self.kind,
            "reason": self.reason,
            "until": until,
            "tags": list(self.tags),
            "note": self.note,
        }


def decision_of(channel: Channel) -> Decision:
    """Return the current decision about a saved channel."""
    kind = PIN if channel.pinned else BLOCK if channel.blocked else NONE
    tags = tuple(sorted(tag.name for tag in channel.tags.all()))
    return Decision(kind, channel.reason, channel.decided_until, tags, channel.note)


def validate_decision(decision: Decision, *, before: Decision, is_opted_out: bool, now: dt.datetime) -> Decision:
    """Return the normalized decision; without a pin or block it has no reason or expiry. Raises: Refused.

    `is_opted_out` means that the channel has opted out.
    """
    decision = replace(decision, reason=one_line(decision.reason), note=one_line(decision.note))
    if decision.kind not in DECISIONS:
        raise Refused(f"“{decision.kind[:40]}” is not a decision. Use pin, block or none.")
    if decision.kind == NONE:
        decision = replace(decision, reason="", until=None)
    elif not decision.reason:
        raise Refused("A pin or block needs a reason.")
    if decision.kind == PIN and is_opted_out:
        raise Refused("The channel has opted out, so it cannot be pinned.")
    if decision.until and decision.until != before.until and decision.until <= now:
        raise Refused("The expiry time is in the past.")
    for name, text, max_length in (("reason", decision.reason, REASON_MAX), ("note", decision.note, NOTE_MAX)):
        if len(text) > max_length:
            raise Refused(f"The {name} is longer than {max_length} characters.")
    return replace(decision, tags=clean_tags(decision.tags))


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags in lower case, sorted and without duplicates. Raises: Refused."""
    cleaned = tuple(sorted(tag for tag in {one_line(tag).lower() for tag in tags} if not is_blank(tag)))
    if len(cleaned) > TAGS_MAX:
        raise Refused(f"A channel can have up to {TAGS_MAX} tags.")
    for tag in cleaned:
        if len(tag) > TAG_MAX or "," in tag or ";" in tag:
            rule = f"A tag can have up to {TAG_MAX} characters and must not contain commas or semicolons."
            raise Refused(f"“{tag[:TAG_MAX]}” is not a valid tag. {rule}")
    return cleaned


@transaction.atomic
def decide(channel: Channel, decision: Decision, *, by: str, now: dt.datetime) -> bool:
    """Write a decision, record `by` as its author, and return whether anything changed. Raises: Refused."""
    known = Channel.objects.select_for_update().filter(pk=channel.pk).first()
    before = decision_of(known) if known else Decision()
    decision = validate_decision(decision, before=before, is_opted_out=has_opted_out(channel.pk), now=now)
    if known is not None and decision == before:
        return False
    if known is not None and known.login != channel.login:
        rename(known, channel.login)
    _save(channel, decision, is_new=known is None)
    act = _ACTS[decision.kind] if decision.kind != before.kind else Act.Kind.CHANGED
    record(by=by, act=act, of=channel, before=before.as_json(), after=decision.as_json(), reason=decision.reason)
    return True


def _save(channel: Channel, decision: Decision, *, is_new: bool) -> None:
    channel.pinned, channel.blocked = decision.kind == PIN, decision.kind == BLOCK
    channel.reason, channel.decided_until, channel.note = decision.reason, decision.until, decision.note
    channel.save(update_fields=None if is_new else _DECISION_FIELDS)
    for name in decision.tags:
        Tag.objects.get_or_create(name=name)
    channel.tags.set(Tag.objects.filter(name__in=decision.tags))


def expire_decisions(*, now: dt.datetime) -> int:
    """End expired pins and blocks, record the system as the author, and return their number."""
    due = Channel.objects.filter(decided_until__lte=now)
    return sum(_expire(channel.pk, now) for channel in due)


@transaction.atomic
def _expire(channel_id: str, now: dt.datetime) -> bool:
    channel = Channel.objects.select_for_update().filter(pk=channel_id, decided_until__lte=now).first()
    if channel is None:
        return False
    before = decision_of(channel)
    after = replace(before, kind=NONE, reason="", until=None)
    _save(channel, after, is_new=False)
    reason = f"expired: {before.reason}" if before.reason else "expired"
    record(by=SYSTEM, act=Act.Kind.ENDED, of=channel, before=before.as_json(), after=after.as_json(), reason=reason)
    return True


def has_opted_out(channel_id: str) -> bool:
    return OptOut.objects.filter(kind=OptOut.Kind.CHANNEL, twitch_id=channel_id).exists()


def rename(channel: Channel, login: str) -> None:
    """Update the login of a renamed channel and store the former one."""
    FormerLogin.objects.get_or_create(channel_id=channel.pk, login=channel.login)
    Channel.objects.filter(pk=channel.pk).update(login=login)


def apply_renames(logins: Mapping[str, str]) -> int:
    """Update known channels from `logins`, a mapping of ids to logins, and return the number of renamed channels."""
    ids, renamed = list(logins), 0
    for batch in (ids[first : first + 5_000] for first in range(0, len(ids), 5_000)):
        for channel in Channel.objects.filter(pk__in=batch).only("pk", "login"):
            if channel.login != logins[channel.pk]:
                rename(channel, logins[channel.pk])
                renamed += 1
    return renamed
