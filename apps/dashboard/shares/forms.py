"""The form that creates a share link."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from apps.accounts.models import User
from apps.dashboard.compare.comparison import Comparison, read_comparison
from apps.dashboard.models import ShareLink
from apps.dashboard.shares.appearance import read_appearance
from apps.dashboard.shares.page import fields_of, read_view
from apps.dashboard.shares.watchlist import list_query
from apps.metrics.spans import BadSpan
from core.errors import Refused
from core.inputs.readable_text import one_line

UNTITLED = "Untitled"
# These kinds show one live value and a line chart.
SMALL_KINDS = (ShareLink.Kind.WIDGET, ShareLink.Kind.OVERLAY)


def read_form(owner: User, form: Mapping[str, str], now_ms: int) -> dict[str, str]:
    """Return the arguments for `create_link`, with known query parameters only. Raises: Refused."""
    kind, view = form.get("kind", ""), form.get("view", "")
    fields = fields_of(form.get("query", "").removeprefix("?")[:1_000])
    query = list_query(owner, fields) if view == ShareLink.View.LIST else _channel_query(view, fields, now_ms)
    if kind in SMALL_KINDS:
        query = "&".join(filter(None, (query, _appearance_query(form))))
    return {
        "kind": kind,
        "view": view,
        "title": one_line(form.get("title", "")) or UNTITLED,
        "note": form.get("note", ""),
        "query": query,
        "days": form.get("days", ""),
        "password": form.get("password", ""),
    }


def _appearance_query(form: Mapping[str, str]) -> str:
    """Return the query string for the appearance of a widget or overlay. Raises: Refused."""
    errors: list[str] = []
    appearance = read_appearance(form, errors)
    if errors:
        raise Refused(" ".join(errors))
    return urlencode(appearance.fields())


def _channel_query(view: str, fields: Mapping[str, str], now_ms: int) -> str:
    """Return the query string for a channel or a comparison. Raises: Refused."""
    try:
        is_comparison = view == ShareLink.View.COMPARE
        selection = read_comparison(fields, now_ms) if is_comparison else read_view(fields, now_ms)
    except BadSpan as error:
        raise Refused(str(error)) from None
    if selection.errors:
        raise Refused(" ".join(selection.errors))
    if not (selection.channels if isinstance(selection, Comparison) else selection.channel):
        raise Refused("Open a channel first, then share it.")
    return selection.query().removeprefix("?")
