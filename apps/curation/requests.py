"""What becomes of a request for a channel: accepted, declined, or withdrawn by who asked."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.audit.models import Act
from apps.audit.services import actor_name, record
from apps.channels.queries import channel_of
from apps.curation.decisions import ASKED_FOR, PIN, Decision, decide, decision_of
from apps.curation.models import CurationRequest
from core.channels.account import Account
from core.errors import NotFound, Refused, TwitchlyError
from core.inputs.readable_text import one_line

State = CurationRequest.State
OPEN_REQUESTS_MAX = 10


class NotAsked(TwitchlyError):
    """A request for a channel that is not kept; the message says why."""


def ask_for_channel(*, user: AbstractBaseUser, login: str, note: str) -> None:
    """Ask the curators to follow a channel. Raises: NotAsked."""
    if CurationRequest.objects.filter(user_id=user.pk, closed_at=None).count() >= OPEN_REQUESTS_MAX:
        raise NotAsked(f"You have asked for {OPEN_REQUESTS_MAX} channels. Ask for more once some of them are decided.")
    try:
        with transaction.atomic():
            CurationRequest.objects.create(user_id=user.pk, login=login, note=one_line(note))
    except IntegrityError:
        raise NotAsked(f"You have asked for {login} already.") from None


def accept(request: CurationRequest, account: Account, *, by: str, answer: str) -> None:
    """Pin the channel of the account that was asked for, and close the request. Raises: Refused."""
    channel = channel_of(account)
    before = Decision() if channel._state.adding else decision_of(channel)
    with transaction.atomic():
        _closed(request, State.ACCEPTED, answer, by)
        # One that is pinned already keeps its reason and its end.
        if before.kind != PIN:
            pinned = Decision(PIN, ASKED_FOR, None, before.tags, before.note)
            decide(channel, pinned, by=by, now=timezone.now())


def decline(request: CurationRequest, *, by: str, answer: str) -> None:
    """Close the request with an answer, which who asked will read. Raises: Refused."""
    if not answer:
        raise Refused("Whoever asked reads the answer: write one.")
    with transaction.atomic():
        _closed(request, State.DECLINED, answer, by)


def withdraw(*, user: AbstractBaseUser, request_id: int) -> CurationRequest:
    """Close one's own open request. Raises: NotFound."""
    with transaction.atomic():
        request = CurationRequest.objects.filter(user_id=user.pk, pk=request_id, closed_at=None).first()
        if request is None:
            raise NotFound("There is no such open request of yours.")
        return _closed(request, State.WITHDRAWN, "", actor_name(user))


def _closed(request: CurationRequest, state: str, answer: str, by: str) -> CurationRequest:
    found = CurationRequest.objects.select_for_update().get(pk=request.pk)
    if found.closed_at is not None:
        raise Refused("It has been closed meanwhile.")
    before, answer = _values(found), one_line(answer)
    found.state, found.answer, found.closed_at = state, answer, timezone.now()
    found.save(update_fields=["state", "answer", "closed_at"])
    record(by=by, act=Act.Kind(state), of=found, before=before, after=_values(found), reason=answer)
    return found


def _values(request: CurationRequest) -> dict[str, Any]:
    return {"state": request.state, "answer": request.answer}
