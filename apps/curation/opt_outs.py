"""How somebody opts out by themselves: at once where Twitch says who they are, else by a request to the curators."""

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
    """Let a channel or person not be counted any more, and return that; one that has opted out stays as it is."""
    found, is_new = OptOut.objects.get_or_create(kind=kind, twitch_id=twitch_id, defaults={"login": login})
    if is_new:
        record(by=by, act=Act.Kind.ADDED, of=found, after={"kind": kind, "login": login, "twitch_id": twitch_id})
    return found


def request_opt_out(*, kind: str, login: str, contact: str, note: str) -> None:
    """Ask the curators. What is asked for already, or was done, is not told: names could be tried."""
    OptOutRequest.objects.get_or_create(
        kind=kind, login=login, closed_at=None, defaults={"contact": contact, "note": one_line(note)}
    )


@transaction.atomic
def accept_request(request: OptOutRequest, account: Account, *, by: str) -> OptOut:
    """Let the account that was asked for opt out, and close the request. Raises: Refused."""
    _closed(request, State.ACCEPTED, by)
    return opt_out(kind=request.kind, twitch_id=account.id, login=account.login, by=by)


@transaction.atomic
def decline_request(request: OptOutRequest, *, by: str) -> None:
    """Close a request that nothing comes of. Raises: Refused."""
    _closed(request, State.DECLINED, by)


def _closed(request: OptOutRequest, state: str, by: str) -> None:
    found = OptOutRequest.objects.select_for_update().get(pk=request.pk)
    if found.closed_at is not None:
        raise Refused("It has been closed meanwhile.")
    before = {"state": found.state}
    found.state, found.closed_at, found.contact, found.note = state, timezone.now(), "", ""
    found.save(update_fields=["state", "closed_at", "contact", "note"])
    record(by=by, act=Act.Kind(state), of=found, before=before, after={"state": state})
