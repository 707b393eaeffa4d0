"""CSV import of decisions: preview, confirmation and errors."""

from __future__ import annotations

import csv
import gzip
import io
import re
import time
from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from apps.audit.models import Act
from apps.channels.models import Channel
from apps.curation.models import OptOut
from apps.curation.sheets import MAX_BYTES, MAX_LINES, Plan, build_plan, read_text
from core.channels.account import Account
from core.errors import Refused
from tests.curation.test_admin import CHANNEL, channel
from tests.ingest.conftest import use
from tests.ingest.twitch_api import Live
from tests.pages import read_page

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NO_NAME = (
    "“two words” is not a channel name: a name has 1 to 25 letters, digits and underscores. "
    "Enter a channel's name or URL, such as twitch.tv/ada_plays."
)
IMPORT = f"{CHANNEL}import/"


def no_accounts(_logins: Collection[str], _ids: Collection[str]) -> Sequence[Account]:
    return []


def plan(*lines: str) -> Plan:
    return build_plan("\n".join(lines), look_up=no_accounts, now=NOW)


def changes(result: Plan) -> list[tuple[str, object]]:
    return [(change.channel.login, change.values) for change in result.changes]


def test_a_line_changes_only_the_fields_whose_cells_are_filled() -> None:
    channel("7", note="kept")
    channel("8", pinned=True, reason="partner")
    result = plan(
        "login,decision,reason,tags,expires",
        "@Channel7,Pin,event,big; chess,2027-01-31",
        "channel8,none,,,",
    )
    assert changes(result) == [
        (
            "channel7",
            [
                ("decision", "none", "pin"),
                ("reason", "", "event"),
                ("until", "", "2027-01-31T00:00Z"),
                ("tags", "", "big, chess"),
            ],
        ),
        ("channel8", [("decision", "pin", "none"), ("reason", "partner", "")]),
    ]
    assert not Act.objects.exists()


def test_a_line_equal_to_the_current_decision_changes_nothing() -> None:
    channel("7", blocked=True, reason="law")
    result = plan("id,decision,reason", "7,block,law")
    assert (result.changes, result.unchanged, result.invalid) == ([], 1, [])


def test_invalid_lines_are_reported_and_do_not_affect_other_lines() -> None:
    channel("7")
    channel("8")
    channel("9", login="renamed")
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="8")
    result = plan(
        "login,id,decision,reason,expires",
        "ghost,,pin,event,",
        ",,pin,event,",
        "two words,,pin,event,",
        ",12a,pin,event,",
        "channel7,,pin,,",
        "channel7,,love,event,",
        "channel7,,pin,event,2020-01-01",
        "channel7,,pin,event,soon",
        "channel7,,none,,2027-01-01",
        "channel8,,pin,event,",
        "other,9,block,law,",
        "channel7,,pin,event",
        "",
        "channel7,,pin,event,",
        "channel7,,block,law,",
        "channel7,,pin,event,9999-12-31T23:59:59-05:00",
        "channel7,,pin,event,0001-01-01T00:00:00+05:00",
    )
    assert [change.line for change in result.changes] == [15]
    assert [(invalid.line, invalid.cause) for invalid in result.invalid] == [
        (2, "Twitch has no such account. Was the channel renamed?"),
        (3, "The login and the ID are missing."),
        (4, NO_NAME),
        (5, "The ID must have up to 20 digits."),
        (6, "A pin or block needs a reason."),
        (7, "“love” is not a decision. Use pin, block or none."),
        (8, "The expiry time is in the past."),
        (9, "“soon” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
        (10, "Only a pin or block can expire."),
        (11, "The channel has opted out, so it cannot be pinned."),
        (12, "The ID belongs to renamed."),
        (13, "The line has 4 cells, but the header has 5 columns."),
        (16, "The same channel as in line 15."),
        (17, "“9999-12-31T23:59:59-05:00” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
        (18, "“0001-01-01T00:00:00+05:00” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep={}\r\n"])
def test_files_saved_by_spreadsheets_are_accepted(delimiter: str, start: str) -> None:
    channel("7")
    sheet = io.StringIO(newline="")
    rows = [
        ["Login", "decision", "reason", "tags"],
        ["channel7", "pin", "event; talk, music", "big;chess"],
        ["x y", "", "", ""],
    ]
    csv.writer(sheet, delimiter=delimiter).writerows(rows)
    raw = (start.format(delimiter) + sheet.getvalue()).encode()
    result = build_plan(read_text(raw), look_up=no_accounts, now=NOW)
    (change,) = result.changes
    assert (change.after.kind, change.after.reason, change.after.tags) == (
        "pin",
        "event; talk, music",
        ("big", "chess"),
    )
    assert [invalid.line for invalid in result.invalid] == [4 if start.startswith("sep") else 3]


def test_logins_are_accepted_in_every_common_notation() -> None:
    channel("7")
    channel("8")
    channel("555", login="somebody")
    channel("9", login="123")
    result = plan(
        "login,decision,reason",
        "https://www.twitch.tv/Channel7/about,pin,event",
        "#CHANNEL8,pin,event",
        "555,pin,event",
        "123,pin,event",
        "https://www.twitch.tv/videos/2460329693,pin,event",
        "about,pin,event",
    )
    assert [change.channel.pk for change in result.changes] == ["7", "8", "555", "9"]
    assert [invalid.line for invalid in result.invalid] == [6, 7]
    assert result.invalid[0].cause.startswith("This is the URL of a video.")
    assert result.invalid[1].cause.startswith("Twitch has no such account")


def test_digits_are_tried_as_login_before_twitch_id() -> None:
    def twitch(logins: Collection[str], ids: Collection[str]) -> Sequence[Account]:
        known = [Account("4711", "500", "Five"), Account("500", "other", "Other"), Account("600", "six", "Six")]
        return [account for account in known if account.login in logins or account.id in ids]

    result = build_plan("login,decision,reason\n500,pin,event\n600,pin,event", look_up=twitch, now=NOW)
    assert [change.channel.pk for change in result.changes] == ["4711", "600"]


@pytest.mark.parametrize("text", ["", "name\na", "login,login\na,b", "decision\npin", "login,=cmd\na,b"])
def test_a_file_without_a_header_is_rejected(text: str) -> None:
    with pytest.raises(Refused, match="The first line must name the columns"):
        plan(text)


def test_the_file_size_is_limited() -> None:
    with pytest.raises(Refused, match="the maximum is"):
        read_text(b"a" * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="not UTF-8: byte 6"):
        read_text(b"login\xff")
    with pytest.raises(Refused, match="more than 1,000 lines"):
        plan("login", *(f"c{n}" for n in range(MAX_LINES + 1)))
    with pytest.raises(Refused, match="Line 2 is not valid CSV"):
        plan("login", '"open')


def preview(client: Client, text: str) -> tuple[str, dict[str, str]]:
    response = client.post(IMPORT, {"sheet": SimpleUploadedFile("channels.csv", text.encode())})
    page = read_page(response)
    match = re.search(r'name="digest" value="(\w+)"', page)
    return page, {"text": text, "digest": match[1] if match else ""}


def test_the_reviewed_changes_are_written_after_confirmation(curator: Client, twitch: Live) -> None:
    channel("7", login="old_name")
    page, confirmation = preview(curator, "login,decision,reason\nchannel8,block,law\nghost,pin,event\n<b>,pin,event\n")
    assert "1 channels will change" in page
    assert "Channel8, id 8, new" in page
    assert "&lt;b&gt;" in page
    assert not Channel.objects.filter(blocked=True).exists()
    page = read_page(curator.post(IMPORT, confirmation, follow=True))
    assert "Channels changed: 1. Invalid lines skipped: 2." in page
    saved = Channel.objects.get(pk="8")
    assert (saved.login, saved.name, saved.blocked, saved.reason) == ("channel8", "Channel8", True, "law")
    assert [(act.act, act.by) for act in Act.objects.all()] == [("blocked", "curator@example.com")]


def test_renamed_channels_are_found_by_id(curator: Client, twitch: Live) -> None:
    channel("7", login="old_name")
    _, confirmation = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    curator.post(IMPORT, confirmation)
    saved = Channel.objects.get(pk="7")
    assert (saved.login, saved.pinned) == ("channel7", True)
    assert [former.login for former in saved.former_logins.all()] == ["old_name"]


def test_changes_since_the_preview_require_another_review(curator: Client) -> None:
    channel("7")
    _, confirmation = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    Channel.objects.update(note="meanwhile")
    page = read_page(curator.post(IMPORT, confirmation))
    assert "now differ from your preview" in page
    assert not Channel.objects.filter(pinned=True).exists()


def test_import_errors_are_reported(
    curator: Client,
    settings: Settings,
    twitch: Live,
) -> None:
    page, _ = preview(curator, "name\nchannel7")
    assert "“name” is not a column." in page
    assert "This field is required" in read_page(curator.post(IMPORT))
    use(settings, "http://127.0.0.1:1")
    page, _ = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    assert "Twitch is not responding" in page


BOMBS = {
    "a row of 200,000 cells": "login\n" + "," * 200_000,
    "a header of 40,000 columns": ",".join(f"c{number}" for number in range(40_000)) + "\nx",
    "a cell of 200,000 characters": "login,note\nchannel7," + "x" * 200_000,
    "a decision of 100,000 characters": "login,decision\nchannel7," + "x" * 100_000,
    "100,000 empty lines": "login" + "\n" * 100_000,
    "100,000 quotes": "login,note\nchannel7," + '"' * 100_000,
    "a quote that never ends": 'login,note\nchannel7,"' + "a\n" * 60_000,
    "20,000 lines": "login\n" + "channel7\n" * 20_000,
    "20,000 tags": "login,tags\nchannel7," + ";".join(f"t{number}" for number in range(20_000)),
    "a time later than datetime.max": "login,decision,reason,expires\nchannel7,pin,event,9999-12-31T23:59:59-14:00",
    "a time earlier than datetime.min": "login,decision,reason,expires\nchannel7,pin,event,0001-01-01T00:00:00+14:00",
    "an id of 10,000 digits": "id,decision,reason\n" + "9" * 10_000 + ",pin,event",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_hostile_files_get_a_fast_and_short_response(curator: Client, twitch: Live, text: str) -> None:
    channel("7")
    began_s = time.process_time()
    response = curator.post(IMPORT, {"sheet": SimpleUploadedFile("a.csv", text.encode())})
    assert response.status_code in (200, 400)
    assert time.process_time() - began_s < 5
    # The response does not repeat much of the content, except in the hidden copy of the file for the next step.
    assert len(response.content) < 100_000 + 10 * len(text) * (response.status_code == 200)
    assert not Act.objects.exists()


def test_compressed_files_are_rejected(curator: Client, twitch: Live) -> None:
    packed = gzip.compress(b"login\n" + b"a" * 50_000_000)
    response = curator.post(IMPORT, {"sheet": SimpleUploadedFile("a.csv.gz", packed)})
    assert response.status_code == 400
    assert "not UTF-8" in read_page(response)


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_formulas_in_notes_are_plain_text(curator: Client, twitch: Live, note: str) -> None:
    channel("7")
    text = f'login,note\nchannel7,"{note}"'
    digest = build_plan(text, look_up=no_accounts, now=NOW).digest
    assert curator.post(IMPORT, {"text": text, "digest": digest}).status_code == 302
    assert Channel.objects.get(pk="7").note == note
