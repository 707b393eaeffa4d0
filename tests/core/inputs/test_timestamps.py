"""Timestamps as text, including those at the limits of the range."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from core.inputs.timestamps import format_timestamp, iso_utc, parse_timestamp

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "10000-01-01T00:00:00Z",
        "2026-11-23T00:00:00",
        "2026-02-30T00:00:00Z",
        "yesterday",
        "",
        None,
        1_795_400_000,
        ["2026-11-23T00:00:00Z"],
    ],
)
def test_an_invalid_timestamp_is_parsed_as_none(text: object) -> None:
    assert parse_timestamp(text) is None


def test_a_timestamp_out_of_range_in_utc_is_parsed_as_none_even_with_a_zone() -> None:
    east = dt.timezone(dt.timedelta(hours=5))
    assert parse_timestamp("0001-01-01T00:00:00", zone=east) is None
    assert parse_timestamp("2026-11-23T05:00:00", zone=east) == dt.datetime(2026, 11, 23, tzinfo=dt.UTC)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59Z", "2026-11-23T02:13:20Z"])
def test_a_timestamp_round_trips(text: str) -> None:
    at = parse_timestamp(text)
    assert at is not None
    assert format_timestamp(at) == text


def test_timestamps_are_written_in_utc_truncated_to_the_second() -> None:
    at = dt.datetime(2026, 11, 23, 1, 0, 0, 999_999, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    assert format_timestamp(at) == "2026-11-22T23:00:00Z"
    assert format_timestamp(at, timespec="minutes") == "2026-11-22T23:00Z"
    assert iso_utc(1_795_400_000_999) == "2026-11-23T02:13:20Z"


def test_strftime_is_not_used_for_iso_times() -> None:
    """`%Y` in strftime does not pad the year, so such timestamps could not be parsed back."""
    files = [
        path for folder in ("apps", "core", "flink", "simulator", "twitchly") for path in (ROOT / folder).rglob("*.py")
    ]
    assert len(files) > 100
    users = {path.relative_to(ROOT).as_posix() for path in files if "%Y-%m-%dT" in path.read_text()}
    assert users == {"core/proof/ledger.py"}, (
        "only the ledger may use strftime, because its file names are made from the current time"
    )
