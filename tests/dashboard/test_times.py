"""The time zone setting, and how the script applies it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client

from apps.accounts.models import User
from core.times import DAY_MS, MINUTE_MS
from tests.dashboard.conftest import EMAIL, Boards
from tests.dashboard.page_script import run_program
from tests.pages import read_page

BERLIN = ZoneInfo("Europe/Berlin")


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def times_of() -> str:
    return User.objects.get(email=EMAIL).times


def test_times_are_in_utc_by_default(boards: Boards, signed_in: Client) -> None:
    assert "data-times" not in read_page(signed_in.get("/"))
    assert signed_in.post("/account/times", {"times": "local"})["Location"] == "/account/"
    assert '<html lang="en" data-times="local">' in read_page(signed_in.get("/"))
    assert 'value="local" checked' in read_page(signed_in.get("/account/"))
    signed_in.post("/account/times", {"times": "utc"})
    assert "data-times" not in read_page(signed_in.get("/"))


def test_invalid_time_zones_are_ignored(signed_in: Client) -> None:
    for odd in ({}, {"times": "mars"}, {"times": ""}):
        assert "Choose one of the time zones." in read_page(signed_in.post("/account/times", odd, follow=True))
        assert times_of() == "utc"


def test_the_time_zone_setting_requires_sign_in(signed_in: Client) -> None:
    assert Client().post("/account/times", {"times": "local"})["Location"].startswith("/account/login/")
    assert signed_in.get("/account/times").status_code == 405
    assert times_of() == "utc"


@pytest.mark.django_db
def test_processes_of_an_older_version_can_still_create_accounts() -> None:
    fields = [field for field in User._meta.concrete_fields if field.name not in ("id", "times")]
    old = User(email="old@example.com")
    values = [field.get_db_prep_save(getattr(old, field.attname), connection) for field in fields]
    names, placeholders = ", ".join(f'"{field.column}"' for field in fields), ", ".join(["%s"] * len(fields))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {User._meta.db_table} ({names}) VALUES ({placeholders})", values)
    assert User.objects.get(email="old@example.com").times == "utc"


IN_BERLIN = """
process.env.TZ = "Europe/Berlin";
globalThis.document = { documentElement: { dataset: { times: "local" } } };
const times = await import("./times.js");
const { timeTicks, writeTimes } = await import("./chart-axes.js");
const { quickPicks, writtenFields } = await import("./span.js");
"""


def in_berlin(folder: Path, program: str, given: object) -> Any:
    return run_program(folder, IN_BERLIN + program, given)


def test_local_time_respects_clock_changes(tmp_path: Path) -> None:
    moments = [ms(text) for text in ("2026-03-29T00:59:59Z", "2026-03-29T01:00:00Z", "2026-10-25T00:30:00Z")]
    output = in_berlin(
        tmp_path, "print(given.map((at) => [times.stamp(at), times.fromWallClock(times.toWallClock(at))]));", moments
    )
    local_times = [datetime.fromtimestamp(at / 1000, BERLIN).strftime("%Y-%m-%d %H:%M:%S") for at in moments]
    assert output == [[text, at] for text, at in zip(local_times, moments, strict=True)]


@pytest.mark.parametrize(
    ("zone", "winter", "summer"),
    [
        ("Europe/Berlin", "CET", "CEST"),
        ("Europe/London", "GMT", "BST"),
        ("America/Los_Angeles", "PST", "PDT"),
        ("Australia/Sydney", "AEDT", "AEST"),
        ("America/Sao_Paulo", "UTC-03", "UTC-03"),
        ("Asia/Kathmandu", "UTC+05:45", "UTC+05:45"),
    ],
)
def test_the_zone_name_is_the_one_in_effect_at_the_time(tmp_path: Path, zone: str, winter: str, summer: str) -> None:
    program = IN_BERLIN.replace("Europe/Berlin", zone) + "print(given.map(times.zoneAt));"
    assert run_program(tmp_path, program, [ms("2026-01-10T12:00:00Z"), ms("2026-07-10T12:00:00Z")]) == [winter, summer]


ZONES = """
class Time { constructor(dateTime) { this.dateTime = dateTime; } }
globalThis.HTMLTimeElement = Time;
const labels = [new Time("2026-07-10T12:00:00Z"), null].map((before) => ({ previousElementSibling: before }));
const bar = { dataset: { starts: String(Date.parse("2026-01-10T12:05:00Z")) }, title: "12:05 UTC: 99.0% heard" };
const found = { "[data-zone]": labels, "[data-starts]": [bar], "[data-hm]": [] };
times.showZone({ querySelectorAll: (selector) => found[selector] });
print([...labels.map(({ textContent }) => textContent), bar.title]);
"""


def test_labels_name_the_zone_in_effect_at_the_preceding_time(tmp_path: Path) -> None:
    assert in_berlin(tmp_path, ZONES, None) == ["CEST", "Europe/Berlin", "13:05 CET: 99.0% heard"]


def test_the_date_is_shown_if_it_differs_in_local_time(tmp_path: Path) -> None:
    now, late = ms("2026-11-22T23:30:00Z"), ms("2026-11-22T22:30:00Z")
    program = (
        "print([times.when(given.late, given.now), times.when(given.late, given.now, false), times.date(given.late)]);"
    )
    output = in_berlin(tmp_path, program, {"now": now, "late": late})
    assert output == ["22 Nov, 23:30:00", "22:30:00", "22 Nov 2026, 23:30"]


def test_ticks_are_at_round_local_times(tmp_path: Path) -> None:
    since = ms("2026-03-28T12:00:00Z")
    program = "const at = timeTicks(...given, 1000); print([at, writeTimes(null, at)]);"
    at, labels = in_berlin(tmp_path, program, [since, since + 2 * DAY_MS])
    local_times = [datetime.fromtimestamp(tick / 1000, BERLIN) for tick in at]
    assert all(moment.minute == 0 and moment.hour % 6 == 0 for moment in local_times)
    assert labels[: len(local_times)] == [
        f"{moment.day} {moment:%b}" if moment.hour == 0 else f"{moment:%H:%M}" for moment in local_times
    ]
    assert "29 Mar" in labels


def test_yesterday_is_in_local_time(tmp_path: Path) -> None:
    now = ms("2026-03-30T09:00:00Z")
    yesterday, _, _, last_month = in_berlin(tmp_path, "print(quickPicks(given));", now)
    # The clocks went forward on the 29th, which had 23 hours.
    assert yesterday == {"fromMs": ms("2026-03-28T23:00:00Z"), "untilMs": ms("2026-03-29T22:00:00Z")}
    assert last_month == {"fromMs": ms("2026-01-31T23:00:00Z"), "untilMs": ms("2026-02-28T23:00:00Z")}


def test_date_fields_use_the_displayed_zone(tmp_path: Path) -> None:
    at = ms("2026-07-10T00:30:00Z")
    program = """
    const field = times.fieldValue(given);
    print([field, times.fieldMs(field), writtenFields(field, "", null)]);
    """
    displayed, read, span = in_berlin(tmp_path, program, at)
    assert (displayed, read) == ("2026-07-10T02:30", at)
    assert span == {"from": "2026-07-10T00:30:00Z", "until": ""}


def test_all_times_are_utc_by_default(tmp_path: Path) -> None:
    program = """
    process.env.TZ = "Europe/Berlin";
    const times = await import("./times.js");
    print([times.zoneAt(given), times.ZONE_NAME, times.stamp(given), times.fieldMs(times.fieldValue(given))]);
    """
    at = ms("2026-07-10T00:30:00Z") // MINUTE_MS * MINUTE_MS
    stamp = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    assert run_program(tmp_path, program, at) == ["UTC", "UTC", stamp, at]
