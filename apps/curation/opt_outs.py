"""Opt-outs by the people concerned: immediate with a connected Twitch account, otherwise through a request."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from apps.audit.models import Act
from apps.audit.services import record
from apps.curation.models import OptOut, OptOutRequest
from core.channels.account import Account
from core.errors import Refused
from core.inputs.readable_text import one_line

State = OptOutRequest.State


@transaction.atomic
def opt_out(*, kind: str, twitch_id: str, login: str, by: str) -> OptOut:
    """Opt a channel or user out and return the opt-out, or the existing one."""
    opted_out, is_new = OptOut.objects.get_or_create(kind=kind, twitch_id=twitch_id, defaults={"login": login})
    if is_new:
        record(by=by, act=Act.Kind.ADDED, of=opted_out, after={"kind": kind, "login": login, "twitch_id": twitch_id})
    return opted_out


def request_opt_out(*, kind: str, login: str, contact: str, note: str) -> None:
    """File a request with the curators. Repeating a request has the same result, so that names cannot be probed."""
    OptOutRequest.objects.get_or_create(
        kind=kind, login=login, closed_at=None, defaults={"contact": contact, "note": one_line(note)}
    )


@transaction.atomic
def accept_request(request: OptOutRequest, account: Account, *, by: str) -> OptOut:
    """Opt the requested account out and close the request. Raises: Refused."""
    _close(request, State.ACCEPTED, by)
    return opt_out(kind=request.kind, twitch_id=account.id, login=account.login, by=by)


@transaction.atomic
def decline_request(request: OptOutRequest, *, by: str) -> None:
    """Close a request without an opt-out. Raises: Refused."""
    _close(request, State.DECLINED, by)


def _close(request: OptOutRequest, state: str, by: str) -> None:
    row = OptOutRequest.objects.select_for_update().get(pk=request.pk)
    if row.closed_at is not None:
        raise Refused("The request has been closed in the meantime.")
    before = {"state": row.state}
    row.state, row.closed_at, row.contact, row.note = state, timezone.now(), "", ""
    row.save(update_fields=["state", "closed_at", "contact", "note"])
    record(by=by, act=Act.Kind(state), of=row, before=before, after={"state": state})
