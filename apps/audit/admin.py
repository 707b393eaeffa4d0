"""Read-only admin of the audit log, with a CSV export."""

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
from apps.audit.queries import COLUMNS, csv_rows, format_values

# Spreadsheets treat text that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
# Rows per query, and per chunk of the response.
CHUNK_ROWS = 1_000


class ReadOnly(admin.ModelAdmin[Any]):
    """Shows rows without actions."""

    actions = None

    def has_add_permission(self, _request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, _request: HttpRequest, _row: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, _request: HttpRequest, _row: models.Model | None = None) -> bool:
        return False


@admin.register(Act)
class ActAdmin(ReadOnly):
    list_display = ("at", "by", "act", "model", "label", "values_before", "values_after", "reason")
    list_filter = ("act", "model", "by")
    search_fields = ("by", "label", "=object_id", "reason")
    date_hierarchy = "at"
    change_list_template = "admin/audit/act/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        return [path("acts.csv", self.admin_site.admin_view(self.as_csv), name="audit_act_csv"), *super().get_urls()]

    def as_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Export the filtered list as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        acts = self.get_changelist_instance(request).get_queryset(request)
        lines = _csv_lines(acts.iterator(CHUNK_ROWS))
        response = StreamingHttpResponse(_chunks(lines), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="twitchly-audit-log-{now():%Y-%m-%d}.csv"'
        return response

    @admin.display(description="before")
    def values_before(self, act: Act) -> str:
        return format_values(act.before)

    @admin.display(description="after")
    def values_after(self, act: Act) -> str:
        return format_values(act.after)


@admin.register(Deletion)
class DeletionAdmin(ReadOnly):
    list_display = ("at", "event", "channel_id", "stage", "counts")
    list_filter = ("stage",)
    search_fields = ("event", "=channel_id")
    date_hierarchy = "at"

    @admin.display(description="rows")
    def counts(self, deletion: Deletion) -> str:
        return format_values(deletion.rows)


class _Lines:
    """A file object that returns each line that the CSV writer writes."""

    def write(self, line: str) -> str:
        return line


async def _chunks(lines: Iterator[str]) -> AsyncIterator[str]:
    """Yield lines in chunks. Asynchronous, because Django would read a whole sync iterator before responding."""
    read = sync_to_async(lambda: "".join(islice(lines, CHUNK_ROWS)))
    while chunk := await read():
        yield chunk


def _csv_lines(acts: Iterator[Act]) -> Iterator[str]:
    writer = csv.writer(_Lines())
    # The byte order mark makes spreadsheets read the file as UTF-8.
    yield "\ufeff" + writer.writerow(COLUMNS)
    for row in csv_rows(acts):
        yield writer.writerow([f"'{cell}" if cell.startswith(FORMULA) else cell for cell in row])
