"""Sections from the audit log: recent decisions by curators, and recent changes to accounts and staff."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse

from apps.audit.models import Act
from apps.audit.services import logged_name
from apps.channels.models import Channel, Tag
from apps.curation.models import Bot, CurationRequest, OptOut, OptOutRequest
from apps.dashboard.desk.sections import ROWS, Action, Row, Section, Visit, ago_text

LOG = "admin:audit_act_changelist"
COLUMNS = ("What", "Decision", "By", "When", "Reason")


def curated_models() -> list[str]:
    """Return the audit log's names for the curation models."""
    return [logged_name(model) for model in (Channel, Tag, Bot, OptOut, OptOutRequest, CurationRequest)]


def recent_decisions(visit: Visit) -> Section:
    """Return the latest decisions about channels, bots, opt-outs and requests."""
    section = Section(
        "decisions",
        "Recent decisions",
        "About channels, bots, opt-outs and requests.",
        COLUMNS,
        "No decisions yet.",
        reverse(LOG),
    )
    return _entries(visit, section, Act.objects.filter(model__in=curated_models()))


def staff_changes(visit: Visit) -> Section:
    """Return the latest changes to accounts, roles, plans and keys."""
    section = Section(
        "staff-changes",
        "Recent changes to accounts and staff",
        "Permissions, roles, second factors, plans and revoked keys.",
        COLUMNS,
        "No changes yet.",
        reverse(LOG),
    )
    return _entries(visit, section, Act.objects.exclude(model__in=curated_models()))


def _entries(visit: Visit, section: Section, entries: QuerySet[Act]) -> Section:
    rows = [_row(entry, visit.now_ms) for entry in entries[:ROWS]]
    # The total is omitted, because counting the entries would read the whole log.
    return section.filled(rows, len(rows))


def _row(entry: Act, now_ms: int) -> Row:
    same = f"{reverse(LOG)}?{urlencode({'model': entry.model, 'object_id': entry.object_id})}"
    return Row(
        f"{entry.label} ({entry.model})",
        reverse("admin:audit_act_change", args=[entry.pk]),
        (entry.get_act_display(), entry.by, ago_text(entry.at, now_ms), entry.reason or "–"),
        (Action("History", same),),
    )
