"""Sections about people's requests: channel requests and requests to opt out, oldest first."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from apps.curation.models import CurationRequest, OptOutRequest
from apps.dashboard.desk.sections import ROWS, Action, Row, Section, Visit, span_text
from core.times import ms_of

OPEN = "?state__exact=open"


def channel_requests(visit: Visit) -> Section:
    """Return the pending channel requests."""
    section = Section(
        "channel-requests",
        "Channel requests",
        "Channels that users want us to track. The requester sees your answer.",
        ("Channel", "Note", "Age"),
        "No pending channel requests.",
        reverse("admin:curation_curationrequest_changelist") + OPEN,
    )
    return _requests(visit, section, CurationRequest.objects.filter(closed_at=None), "curationrequest")


def opt_out_requests(visit: Visit) -> Section:
    """Return the pending requests to opt out."""
    section = Section(
        "opt-out-requests",
        "Requests to opt out",
        "Check that the note proves ownership of the account.",
        ("Login", "Note", "Age"),
        "No pending requests to opt out.",
        reverse("admin:curation_optoutrequest_changelist") + OPEN,
    )
    return _requests(visit, section, OptOutRequest.objects.filter(closed_at=None), "optoutrequest")


def _requests(visit: Visit, section: Section, opened: QuerySet[Any], model: str) -> Section:
    label = "Answer" if visit.may(f"curation.change_{model}") else "Open"
    rows = []
    for request in opened.order_by("created_at")[:ROWS]:
        url = reverse(f"admin:curation_{model}_change", args=[request.pk])
        cells = (request.note or "–", span_text(visit.now_ms - ms_of(request.created_at)))
        rows.append(Row(_subject(request), url, cells, (Action(label, url),)))
    return section.filled(rows, opened.count())


def _subject(request: CurationRequest | OptOutRequest) -> str:
    kind = f" ({request.get_kind_display()})" if isinstance(request, OptOutRequest) else ""
    return f"{request.login}{kind}"
