"""What becomes of a request for a channel: accepted, declined, or withdrawn by who asked."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from apps.audit.models import Act
from apps.audit.services import name_of, record
from apps.dashboard.models import CurationRequest, User
from apps.ingest import services as listening
from apps.ingest.curation.decisions import ASKED_FOR, PIN, Decision, decide, decision_of
from apps.ingest.helix import User as Account
from core.errors import NotFound, Refused
from core.inputs.readable_text import one_line

State = CurationRequest.State


def accept(request: CurationRequest, account: Account, *, by: str, answer: str) -> None:
    """Pin the channel of the account that was asked for, and close the request. Raises: Refused."""
    channel = listening.channel_of(account)
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


def withdraw(*, user: User, request_id: int) -> CurationRequest:
    """Close one's own open request. Raises: NotFound."""
    with transaction.atomic():
        request = CurationRequest.objects.filter(user=user, pk=request_id, closed_at=None).first()
        if request is None:
            raise NotFound("There is no such open request of yours.")
        return _closed(request, State.WITHDRAWN, "", name_of(user))


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
