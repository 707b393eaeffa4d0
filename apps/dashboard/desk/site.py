"""The admin site of Twitchly: its name, and the start page, which lists everything that needs attention."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.template.response import TemplateResponse

from apps.accounts.staff.site import StaffSite
from apps.dashboard.desk.accounts import new_accounts, staff
from apps.dashboard.desk.channels import expiring_decisions, renamed_channels, unavailable_channels
from apps.dashboard.desk.decisions import recent_decisions, staff_changes
from apps.dashboard.desk.live_channels import least_heard_section, rising_section
from apps.dashboard.desk.requests import channel_requests, opt_out_requests
from apps.dashboard.desk.sections import SectionRule, Visit, read_sections
from apps.live.services import services_of
from twitchly.clock import now_ms

CHANNEL = "channels.view_channel"
OWNER = ("accounts.view_user", "auth.view_group")
SECTIONS = (
    SectionRule(("curation.view_curationrequest",), channel_requests),
    SectionRule(("curation.view_optoutrequest",), opt_out_requests),
    SectionRule((CHANNEL,), expiring_decisions),
    SectionRule((CHANNEL,), least_heard_section),
    SectionRule((CHANNEL,), rising_section),
    SectionRule((CHANNEL,), renamed_channels),
    SectionRule((CHANNEL,), unavailable_channels),
    SectionRule(("audit.view_act",), recent_decisions),
    SectionRule(("accounts.view_user",), new_accounts),
    SectionRule(OWNER, staff),
    SectionRule(("audit.view_act", *OWNER), staff_changes),
)


@dataclass(frozen=True, slots=True)
class Search:
    """A search field of the start page: the permission it needs, and the URL name of the list that it searches."""

    needs: str
    key: str
    label: str
    list_name: str


SEARCHES = (
    Search(CHANNEL, "channel", "Channel: login, name, ID or note", "admin:channels_channel_changelist"),
    Search("accounts.view_user", "account", "Account: email address or name", "admin:accounts_user_changelist"),
    Search("api.view_apikey", "key", "API key: prefix, name or owner", "admin:api_apikey_changelist"),
)


class DeskSite(StaffSite):
    """The staff site with a start page. Each user sees the sections and lists that their permissions allow."""

    site_header = "Twitchly"
    site_title = "Twitchly"
    index_title = "Needs attention"
    index_template = "admin/desk.html"

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        visit = Visit(request.user.has_perm, services_of(request), now_ms())
        desk = {
            "sections": read_sections(SECTIONS, visit),
            "searches": [search for search in SEARCHES if visit.may(search.needs)],
        }
        return super().index(request, {**desk, **(extra_context or {})})
