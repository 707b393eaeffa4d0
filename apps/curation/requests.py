"""Channel requests: filing, accepting, declining and withdrawing them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.audit.models import Act
from apps.audit.services import actor_name, record
from apps.channels.queries import channel_of
from apps.curation.decisions import PIN, REQUESTED, Decision, decide, decision_of
from apps.curation.models import CurationRequest
from core.channels.account import Account
from core.errors import NotFound, Refused, TwitchlyError
from core.inputs.readable_text import one_line

State = CurationRequest.State
OPEN_REQUESTS_MAX = 10


class ChannelRequestError(TwitchlyError):
    """A channel request that was not accepted for review; the message gives the reason."""


def request_channel(*, user: AbstractBaseUser, login: str, note: str) -> None:
    """File a request to track a channel. Raises: ChannelRequestError."""
    if CurationRequest.objects.filter(user_id=user.pk, closed_at=None).count() >= OPEN_REQUESTS_MAX:
        raise ChannelRequestError(
            f"You have {OPEN_REQUESTS_MAX} open requests. You can request more once some of them have been decided."
        )
    try:
        with transaction.atomic():
            CurationRequest.objects.create(user_id=user.pk, login=login, note=one_line(note))
    except IntegrityError:
        raise ChannelRequestError(f"You have already requested {login}.") from None


def accept(request: CurationRequest, account: Account, *, by: str, answer: str) -> None:
    """Pin the requested channel and close the request. Raises: Refused."""
    channel = channel_of(account)
    before = Decision() if channel._state.adding else decision_of(channel)
    with transaction.atomic():
        _close(request, State.ACCEPTED, answer, by)
        # A channel that is already pinned keeps its reason and expiry.
        if before.kind != PIN:
            pinned = Decision(PIN, REQUESTED, None, before.tags, before.note)
            decide(channel, pinned, by=by, now=timezone.now())


def decline(request: CurationRequest, *, by: str, answer: str) -> None:
    """Close the request with an answer for the requester. Raises: Refused."""
    if not answer:
        raise Refused("Write an answer for the requester.")
    with transaction.atomic():
        _close(request, State.DECLINED, answer, by)


def withdraw(*, user: AbstractBaseUser, request_id: int) -> CurationRequest:
    """Close the user's own open request. Raises: NotFound."""
    with transaction.atomic():
        request = CurationRequest.objects.filter(user_id=user.pk, pk=request_id, closed_at=None).first()
        if request is None:
            raise NotFound("You have no such open request.")
        return _close(request, State.WITHDRAWN, "", actor_name(user))


def _close(request: CurationRequest, state: str, answer: str, by: str) -> CurationRequest:
    row = CurationRequest.objects.select_for_update().get(pk=request.pk)
    if row.closed_at is not None:
        raise Refused("The request has been closed in the meantime.")
    before, answer = _values(row), one_line(answer)
    row.state, row.answer, row.closed_at = state, answer, timezone.now()
    row.save(update_fields=["state", "answer", "closed_at"])
    record(by=by, act=Act.Kind(state), of=row, before=before, after=_values(row), reason=answer)
    return row


def _values(request: CurationRequest) -> dict[str, Any]:
    return {"state": request.state, "answer": request.answer}
