"""The log as staff read it: who, what, when, with the old and new values; nothing in it can be changed."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.urls import URLPattern, path
from django.utils.timezone import now

from apps.audit.models import Act, Deletion
from apps.audit.queries import COLUMNS, lines_of, said

# A spreadsheet takes a text that begins with one of these for a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# So many rows are read at once.
AT_ONCE = 1_000


class ReadOnly(admin.ModelAdmin[Any]):
    """Shows rows, and offers nothing to do with them."""

    actions = None

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _row: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: models.Model | None = None) -> bool:
        return False


@admin.register(Act)
class ActAdmin(ReadOnly):
    list_display = ("at", "by", "act", "model", "label", "was", "since", "reason")
    list_filter = ("act", "model", "by")
    search_fields = ("by", "label", "=object_id", "reason")
    date_hierarchy = "at"
    change_list_template = "admin/audit/act/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        return [path("acts.csv", self.admin_site.admin_view(self.as_csv), name="audit_act_csv"), *super().get_urls()]

    def as_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Give the list as it is filtered and searched, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        acts = self.get_changelist_instance(request).get_queryset(request)
        answer = StreamingHttpResponse(_pieces(_file(acts.iterator(AT_ONCE))), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="twitchly-acts-{now():%Y-%m-%d}.csv"'
        return answer

    @admin.display(description="before")
    def was(self, act: Act) -> str:
        return said(act.before)

    @admin.display(description="since")
    def since(self, act: Act) -> str:
        return said(act.after)


@admin.register(Deletion)
class DeletionAdmin(ReadOnly):
    list_display = ("at", "event", "channel_id", "stage", "counts")
    list_filter = ("stage",)
    search_fields = ("event", "=channel_id")
    date_hierarchy = "at"

    @admin.display(description="rows")
    def counts(self, deletion: Deletion) -> str:
        return said(deletion.rows)


class _Lines:
    """Gives back what the writer of CSV would write to a file."""

    def write(self, line: str) -> str:
        return line


async def _pieces(lines: Iterator[str]) -> AsyncIterator[str]:
    """Yield the lines of a file, many at once. A sync iterator would be collected whole before the first is sent."""
    read = sync_to_async(lambda: "".join(islice(lines, AT_ONCE)))
    while piece := await read():
        yield piece


def _file(acts: Iterator[Act]) -> Iterator[str]:
    writer = csv.writer(_Lines())
    # The mark tells spreadsheets that it is UTF-8.
    yield "\ufeff" + writer.writerow(COLUMNS)
    for line in lines_of(acts):
        yield writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in line])
