"""Views of Discover: the table of channels, live or over past days, its export, and segments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts.models import User
from apps.accounts.queries import user_of
from apps.dashboard.access import HISTORY_AWAY, LIVE_AWAY, json_error, login_required_json, sign_in_required
from apps.dashboard.exports.files import require_safe_file, stamp, table_file
from apps.dashboard.exports.tables import CHANNEL_COLUMNS, PERIOD_COLUMNS, channel_row, period_row
from apps.live.period_channels import period_before
from apps.live.readings import ChannelNow
from apps.live.search import (
    PERCENTILE,
    PERIODS,
    PROFILE_SORTS,
    QUERY_MAX,
    RULES_MAX,
    Search,
    describe_filters,
    measure_label,
    measure_unit,
    measures_of,
    read_saved,
    read_search,
)
from apps.live.services import services_of
from apps.live.table import Table, TableRow, matching_rows, search_page
from apps.metrics.exports.formats import Cell, ExportColumn, Format
from apps.workspaces.models import Segment
from apps.workspaces.queries import watching
from apps.workspaces.segments import delete_segment, save_segment
from apps.workspaces.services import add_all
from core.channels.stream import CATEGORY_MAX
from core.errors import NotFound, Refused, ServiceUnavailable
from core.metrics.bands import BANDS
from core.metrics.display import count
from twitchly.clock import now_ms

# Maximum number of channels selected on one page of the table.
SELECTED_MAX = 100
RANGE_LABELS: Mapping[str, str] = {"": "Live", **{key: f"{days} days" for key, days in PERIODS.items()}}


@require_safe
@never_cache
@sign_in_required
def discover(request: HttpRequest) -> HttpResponse:
    """Render the page, or only its rows if the query has `rows` (for updates by the script)."""
    search, now = read_search(request.GET), now_ms()
    try:
        channels = _channels(request, search, now)
    except ServiceUnavailable:
        channels = None
    table = search_page(search, channels.values()) if channels is not None else None
    context = _context(request, search, table, channels or {}, now)
    if "rows" not in request.GET:
        return render(request, "dashboard/discover.html", context, status=400 if search.errors else 200)
    return render(request, "dashboard/_found.html", context, status=200 if table else 503)


@require_safe_file
@never_cache
@login_required_json
def export_file(request: HttpRequest, form: Format) -> HttpResponseBase:
    """Export all matching channels with every metric, in the order of the search."""
    search, now = read_search(request.GET), now_ms()
    if search.errors:
        return json_error(" ".join(search.errors), 400)
    try:
        rows = matching_rows(search, _channels(request, search, now).values())
    except ServiceUnavailable:
        return json_error(HISTORY_AWAY if search.range else LIVE_AWAY, 503)
    if search.range:
        days = f"{stamp(now)}-{search.range}"
        return table_file(
            form, PERIOD_COLUMNS, [[period_row(row.channel) for row in rows]], f"twitchly-channels-{days}"
        )
    columns = [*CHANNEL_COLUMNS, ExportColumn("size_band", "viewers")]
    return table_file(form, columns, [[_cells(row) for row in rows]], f"twitchly-channels-{stamp(now)}")


@require_POST
@login_required
def save(request: HttpRequest) -> HttpResponseRedirect:
    """Save the search as a segment."""
    query = request.POST.get("query", "")
    try:
        segment = save_segment(owner=user_of(request), name=request.POST.get("name", ""), query=query)
        messages.success(request, f"Saved as “{segment.name}”.")
        query = segment.query
    except Refused as error:
        messages.error(request, str(error))
        query = urlencode([*read_search(_pairs(query)).pairs()])
    return HttpResponseRedirect(f"{reverse('discover')}?{query}")


@require_POST
@login_required
def delete(request: HttpRequest, segment_id: int) -> HttpResponseRedirect:
    try:
        segment = delete_segment(owner=user_of(request), segment_id=segment_id)
    except NotFound as error:
        raise Http404(str(error)) from None
    messages.info(
        request, f"Deleted the segment “{segment.name}”. Its channels are shown below; save it again to undo."
    )
    return HttpResponseRedirect(reverse("discover") + read_saved(segment.query).query())


@require_POST
@login_required
def act_on_selection(request: HttpRequest) -> HttpResponseRedirect:
    """Compare the selected `channels` or, with `do=watch`, add them to the most recently used watchlist."""
    user, selected = user_of(request), list(dict.fromkeys(request.POST.getlist("channels")))[:SELECTED_MAX]
    if request.POST.get("do") != "watch" and selected:
        return HttpResponseRedirect(f"{reverse('compare')}?{urlencode({'channels': ','.join(selected)}, safe=',')}")
    try:
        watchlist = add_all(owner=user, channel_ids=selected)
        messages.success(request, f"{_count(len(selected))} added to “{watchlist.name}”.")
    except Refused as error:
        messages.error(request, str(error))
    query = urlencode([*read_search(_pairs(request.POST.get("query", ""))).pairs()])
    return HttpResponseRedirect(f"{reverse('discover')}?{query}")


def _channels(request: HttpRequest, search: Search, now: int) -> Mapping[str, ChannelNow]:
    """Return the channels to search: those that are live, or those that were on air in the period."""
    services = services_of(request)
    if search.range:
        return services.periods.of(PERIODS[search.range], now)
    return services.channels.live(now)


def _context(
    request: HttpRequest, search: Search, table: Table | None, channels: Mapping[str, ChannelNow], now: int
) -> dict[str, Any]:
    profiles = [channel.profile for channel in channels.values()]
    user = request.user
    return {
        "watching": watching(user),
        "search": search,
        "table": table,
        "count": _count(table.total) if table else "",
        "now_ms": now,
        "ranges": [(label, search.over(key), key == search.range) for key, label in RANGE_LABELS.items()],
        "period": period_before(now, PERIODS[search.range]) if search.range else None,
        "filters": list(describe_filters(search)),
        "heads": [_head(search, key) for key in search.columns],
        "named": {key: (search.by(key), _direction(search, key)) for key in (*PROFILE_SORTS, "viewers", "coverage")},
        "rules": list(_rule_fields(search, request.GET)),
        "measures": [(key, measure_label(key)) for key in measures_of(search.range)],
        "bands": [(band, band.key in search.bands) for band in BANDS],
        "languages": sorted(
            {profile.language_name for profile in profiles if profile.language} | set(search.languages)
        ),
        "category_max": CATEGORY_MAX,
        "categories": sorted({profile.category for profile in profiles if profile.category}),
        "columns": [
            (key, measure_label(key), key in search.columns)
            for key in measures_of(search.range)
            if key not in ("viewers", "coverage")
        ],
        "query": urlencode(search.pairs()),
        "previous": search.query(page=search.page - 1) if table and table.first > 1 else None,
        "next": search.query(page=search.page + 1) if table and table.last < table.total else None,
        "segments": [(segment, read_saved(segment.query).query()) for segment in Segment.objects.filter(owner=user)]
        if isinstance(user, User)
        else [],
    }


def _count(total: int) -> str:
    return f"{count(total)} {'channel' if total == 1 else 'channels'}"


def _head(search: Search, key: str) -> tuple[str, str, str, str, str]:
    name = measure_label(key.removeprefix(PERCENTILE))
    return key, name, measure_unit(key, search.range), search.by(key), _direction(search, key)


def _direction(search: Search, key: str) -> str:
    """Return the aria-sort value of a column."""
    if key != search.sorted_by:
        return "none"
    return "descending" if search.is_descending else "ascending"


def _rule_fields(search: Search, query: QueryDict) -> Iterator[tuple[int, str, str, str]]:
    """Yield each rule's number, measure and bounds: as the user typed them if the search has errors."""
    fields = query if search.errors else QueryDict(urlencode(search.pairs()))
    for number in range(1, RULES_MAX + 1):
        measure, minimum, maximum = (str(fields.get(f"{name}{number}", "")) for name in ("m", "min", "max"))
        yield number, measure, minimum, maximum


def _cells(row: TableRow) -> list[Cell]:
    return [*channel_row(row.channel), row.band.label if row.band else None]


def _pairs(query: str) -> QueryDict:
    return QueryDict(query.removeprefix("?")[:QUERY_MAX])
