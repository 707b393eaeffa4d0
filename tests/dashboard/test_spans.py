"""Past spans: parsing, limits and errors."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from apps.dashboard.choices import Choice
from apps.metrics.spans import BadSpan, Span, field_value, iso, quick_picks, read_span
from core.metrics.grains import SPAN_MAX_MS
from core.pipeline.records import EPOCH_MS
from core.times import HOUR_MS
from tests.dashboard.conftest import Boards
from tests.dashboard.test_pages import is_displayed
from tests.pages import read_page

NOW = 1_795_400_000_000
MIDNIGHT = 1_795_392_000_000


@pytest.mark.parametrize(
    "text", ["2026-11-23T00:00:00Z", "2026-11-23T00:00", "2026-11-23T02:00+02:00", "2026-11-23T00:00:00.000Z"]
)
def test_times_without_an_offset_are_utc(text: str) -> None:
    assert read_span(text, "2026-11-23T01:30:00.250Z", NOW) == Span(MIDNIGHT, MIDNIGHT + 5_400_250)


def test_written_times_are_parsed_back() -> None:
    span = Span(MIDNIGHT, MIDNIGHT + 250)
    assert (iso(span.from_ms), iso(span.until_ms)) == ("2026-11-23T00:00:00Z", "2026-11-23T00:00:00.250Z")
    assert read_span(iso(span.from_ms), iso(span.until_ms), NOW) == span
    assert field_value(MIDNIGHT + 59_999) == "2026-11-23T00:00"


def test_missing_times_are_not_a_span() -> None:
    assert read_span("", "", NOW) is None


@pytest.mark.parametrize(
    ("since", "until", "reason"),
    [
        ("2026-11-22T00:00Z", "", "“until” is missing"),
        ("", "2026-11-22T00:00Z", "“from” is missing"),
        ("2026-11-22T00:00Z", "2026-11-22T00:00Z", "must be before"),
        ("2026-11-22T00:00Z", "2026-11-21T00:00Z", "must be before"),
        ("2026-11-22T00:00Z", iso(NOW + 1), "in the future"),
        ("yesterday", "2026-11-22T00:00Z", "“from” is not a time"),
        ("2026-11-22T00:00Z", "2026-13-22T00:00Z", "“until” is not a time"),
        ("0001-01-01T00:00+14:00", "2026-11-22T00:00Z", "“from” is"),
        ("9" * 5_000, "2026-11-22T00:00Z", "“from” is not a time"),
        ("<script>", "2026-11-22T00:00Z", "“from” is not a time"),
        (iso(EPOCH_MS - 1), "2026-11-22T00:00Z", "earliest recorded time is 2023-11-14"),
        (iso(NOW - SPAN_MAX_MS - 1), iso(NOW), "at most 375 days"),
    ],
)
def test_invalid_spans_are_rejected_with_a_reason(since: str, until: str, reason: str) -> None:
    with pytest.raises(BadSpan, match=reason):
        read_span(since, until, NOW)


def test_a_span_of_a_year_is_allowed() -> None:
    assert read_span(iso(NOW - SPAN_MAX_MS), iso(NOW), NOW) is not None


def test_quick_picks_are_whole_days_weeks_and_months() -> None:
    new_year_2027 = 1_798_761_600_000
    picks = dict(quick_picks(new_year_2027 + 5 * HOUR_MS))
    written = {label: (iso(span.from_ms)[:10], iso(span.until_ms)[:10]) for label, span in picks.items()}
    assert written == {
        "Yesterday": ("2026-12-31", "2027-01-01"),
        "2 days ago": ("2026-12-30", "2026-12-31"),
        "Last week": ("2026-12-21", "2026-12-28"),
        "Last month": ("2026-12-01", "2027-01-01"),
    }


def test_the_query_string_omits_defaults() -> None:
    choice = Choice(channel="3", metric="coverage", span=Span(MIDNIGHT, MIDNIGHT + HOUR_MS))
    query = choice.query()
    assert query == "?channel=3&metric=coverage&from=2026-11-23T00%3A00%3A00Z&until=2026-11-23T01%3A00%3A00Z"
    assert choice.query(span=None, metric="") == "?channel=3"


def test_invalid_spans_are_reported_by_page_and_json(boards: Boards, signed_in: Client) -> None:
    span = "from=2026-11-22T00:00&until=2026-11-21T00:00"
    page = signed_in.get(f"/?channel=1&{span}")
    assert page.status_code == 400
    assert "must be before" in read_page(page)
    response = signed_in.get(f"/channels/1/series?{span}")
    assert response.status_code == 400
    assert "must be before" in json.loads(response.content)["reason"]


def test_a_past_range_shows_nothing_current(boards: Boards, signed_in: Client) -> None:
    live = read_page(signed_in.get("/?channel=2"))
    past = read_page(signed_in.get("/?channel=2&from=2026-01-01T00:00Z&until=2026-01-01T06:00Z"))
    for name in ("now-tile", "chatters-tile", "standing", "coverage-now-row"):
        assert (is_displayed(live, name), is_displayed(past, name)) == (True, False), name


def test_the_date_form_keeps_other_parameters(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/?channel=1&board=messages&category=Chess&range=1h&metric=coverage"))
    (form,) = re.findall(r'<form class="dates".*?</form>', page, re.DOTALL)
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="(.*?)">', form))
    kept = {"channel": "1", "board": "messages", "window": "30s", "size": "10", "category": "Chess", "range": "1h"}
    assert hidden == kept
    assert '<option value="coverage" selected>' in form
