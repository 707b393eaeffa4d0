"""A CSV file of decisions: what it would change is shown, and nothing else is written."""

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
from apps.curation.sheets import MAX_BYTES, MAX_LINES, Plan, plan_of, read_text
from core.channels.account import Account
from core.errors import Refused
from tests.curation.test_admin import CHANNEL, channel
from tests.ingest.conftest import use
from tests.ingest.twitch_api import Live

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, tzinfo=UTC)
NO_NAME = (
    "“two words” is no channel's name: it has 1 to 25 letters, digits and underscores. "
    "Enter a channel's name or address, such as twitch.tv/ada_plays."
)
IMPORT = f"{CHANNEL}import/"


def nobody(_logins: Collection[str], _ids: Collection[str]) -> Sequence[Account]:
    return []


def plan(*lines: str) -> Plan:
    return plan_of("\n".join(lines), look_up=nobody, now=NOW)


def changes(found: Plan) -> list[tuple[str, object]]:
    return [(change.channel.login, change.values) for change in found.changes]


def test_a_line_changes_what_it_says_and_leaves_the_rest() -> None:
    channel("7", note="kept")
    channel("8", pinned=True, reason="partner")
    found = plan(
        "login,decision,reason,tags,expires",
        "@Channel7,Pin,event,big; chess,2027-01-31",
        "channel8,none,,,",
    )
    assert changes(found) == [
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


def test_a_line_that_says_what_is_changes_nothing() -> None:
    channel("7", blocked=True, reason="law")
    found = plan("id,decision,reason", "7,block,law")
    assert (found.changes, found.unchanged, found.bad) == ([], 1, [])


def test_bad_lines_are_told_with_their_number_and_cause_and_stop_no_other() -> None:
    channel("7")
    channel("8")
    channel("9", login="renamed")
    OptOut.objects.create(kind=OptOut.Kind.CHANNEL, twitch_id="8")
    found = plan(
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
    assert [change.line for change in found.changes] == [15]
    assert [(bad.line, bad.cause) for bad in found.bad] == [
        (2, "Twitch knows nobody like that. Was the channel renamed?"),
        (3, "Neither a login nor an id."),
        (4, NO_NAME),
        (5, "The id is not up to 20 digits."),
        (6, "A pin or block needs a reason."),
        (7, "“love” is no decision: pin, block or none."),
        (8, "The time at which it ends has passed already."),
        (9, "“soon” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
        (10, "Only a pin or block can expire."),
        (11, "The channel has opted out: it cannot be pinned."),
        (12, "The id is that of renamed."),
        (13, "4 cells, but 5 columns."),
        (16, "The same channel as in line 15."),
        (17, "“9999-12-31T23:59:59-05:00” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
        (18, "“0001-01-01T00:00:00+05:00” is not a time: use the form 2027-01-31 or 2027-01-31T18:00."),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff", "sep={}\r\n"])
def test_a_file_that_a_spreadsheet_saved_is_read(delimiter: str, start: str) -> None:
    channel("7")
    saved = io.StringIO(newline="")
    rows = [
        ["Login", "decision", "reason", "tags"],
        ["channel7", "pin", "event; talk, music", "big;chess"],
        ["x y", "", "", ""],
    ]
    csv.writer(saved, delimiter=delimiter).writerows(rows)
    raw = (start.format(delimiter) + saved.getvalue()).encode()
    found = plan_of(read_text(raw), look_up=nobody, now=NOW)
    (change,) = found.changes
    assert (change.after.kind, change.after.reason, change.after.tags) == (
        "pin",
        "event; talk, music",
        ("big", "chess"),
    )
    assert [bad.line for bad in found.bad] == [4 if start.startswith("sep") else 3]


def test_a_login_is_read_as_everywhere() -> None:
    channel("7")
    channel("8")
    channel("555", login="somebody")
    channel("9", login="123")
    found = plan(
        "login,decision,reason",
        "https://www.twitch.tv/Channel7/about,pin,event",
        "#CHANNEL8,pin,event",
        "555,pin,event",
        "123,pin,event",
        "https://www.twitch.tv/videos/2460329693,pin,event",
        "about,pin,event",
    )
    assert [change.channel.pk for change in found.changes] == ["7", "8", "555", "9"]
    assert [bad.line for bad in found.bad] == [6, 7]
    assert found.bad[0].cause.startswith("This is the address of a video.")
    assert found.bad[1].cause.startswith("Twitch knows nobody")


def test_digits_are_a_login_before_they_are_an_id_that_only_twitch_knows() -> None:
    def twitch(logins: Collection[str], ids: Collection[str]) -> Sequence[Account]:
        known = [Account("4711", "500", "Five"), Account("500", "other", "Other"), Account("600", "six", "Six")]
        return [one for one in known if one.login in logins or one.id in ids]

    found = plan_of("login,decision,reason\n500,pin,event\n600,pin,event", look_up=twitch, now=NOW)
    assert [change.channel.pk for change in found.changes] == ["4711", "600"]


@pytest.mark.parametrize("text", ["", "name\na", "login,login\na,b", "decision\npin", "login,=cmd\na,b"])
def test_a_file_without_a_head_of_columns_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="The first line names the columns"):
        plan(text)


def test_a_file_has_a_greatest_size() -> None:
    with pytest.raises(Refused, match="are the most"):
        read_text(b"a" * (MAX_BYTES + 1))
    with pytest.raises(Refused, match="not UTF-8: byte 6"):
        read_text(b"login\xff")
    with pytest.raises(Refused, match="more than 1,000 lines"):
        plan("login", *(f"c{n}" for n in range(MAX_LINES + 1)))
    with pytest.raises(Refused, match="Line 2 is no CSV"):
        plan("login", '"open')


def preview(client: Client, text: str) -> tuple[str, dict[str, str]]:
    answer = client.post(IMPORT, {"sheet": SimpleUploadedFile("channels.csv", text.encode())})
    page = answer.content.decode()
    found = re.search(r'name="digest" value="(\w+)"', page)
    return page, {"text": text, "digest": found[1] if found else ""}


def test_what_was_looked_at_is_written_once_somebody_agrees(curator: Client, twitch: Live) -> None:
    channel("7", login="old_name")
    page, agreed = preview(curator, "login,decision,reason\nchannel8,block,law\nghost,pin,event\n<b>,pin,event\n")
    assert "1 channels would change" in page
    assert "Channel8, id 8, new" in page
    assert "&lt;b&gt;" in page
    assert not Channel.objects.filter(blocked=True).exists()
    page = curator.post(IMPORT, agreed, follow=True).content.decode()
    assert "1 channels changed; 2 lines were left out." in page
    found = Channel.objects.get(pk="8")
    assert (found.login, found.name, found.blocked, found.reason) == ("channel8", "Channel8", True, "law")
    assert [(act.act, act.by) for act in Act.objects.all()] == [("blocked", "curator@example.com")]


def test_a_channel_that_was_renamed_is_found_by_its_id(curator: Client, twitch: Live) -> None:
    channel("7", login="old_name")
    _, agreed = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    curator.post(IMPORT, agreed)
    found = Channel.objects.get(pk="7")
    assert (found.login, found.pinned) == ("channel7", True)
    assert [one.login for one in found.former_logins.all()] == ["old_name"]


def test_what_changed_since_it_was_looked_at_is_shown_again(curator: Client) -> None:
    channel("7")
    _, agreed = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    Channel.objects.update(note="meanwhile")
    page = curator.post(IMPORT, agreed).content.decode()
    assert "no longer what you looked at" in page
    assert not Channel.objects.filter(pinned=True).exists()


def test_an_import_says_what_is_wrong_with_the_file_or_with_twitch(
    curator: Client,
    settings: Settings,
    twitch: Live,
) -> None:
    page, _ = preview(curator, "name\nchannel7")
    assert "“name” is no column." in page
    assert "This field is required" in curator.post(IMPORT).content.decode()
    use(settings, "http://127.0.0.1:1")
    page, _ = preview(curator, "login,decision,reason\nchannel7,pin,event\n")
    assert "Twitch does not answer at the moment" in page


BOMBS = {
    "a row of 200,000 cells": "login\n" + "," * 200_000,
    "a head of 60,000 columns": ",".join(f"c{number}" for number in range(40_000)) + "\nx",
    "a cell of 200,000 letters": "login,note\nchannel7," + "x" * 200_000,
    "a decision of 100,000 letters": "login,decision\nchannel7," + "x" * 100_000,
    "100,000 empty lines": "login" + "\n" * 100_000,
    "100,000 quotes": "login,note\nchannel7," + '"' * 100_000,
    "a quote that never ends": 'login,note\nchannel7,"' + "a\n" * 60_000,
    "20,000 lines": "login\n" + "channel7\n" * 20_000,
    "20,000 tags": "login,tags\nchannel7," + ";".join(f"t{number}" for number in range(20_000)),
    "a time after the last one": "login,decision,reason,expires\nchannel7,pin,event,9999-12-31T23:59:59-14:00",
    "a time before the first one": "login,decision,reason,expires\nchannel7,pin,event,0001-01-01T00:00:00+14:00",
    "an id of 10,000 digits": "id,decision,reason\n" + "9" * 10_000 + ",pin,event",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS.keys())
def test_a_file_made_to_harm_is_answered_soon_and_shortly(curator: Client, twitch: Live, text: str) -> None:
    channel("7")
    began_s = time.process_time()
    answer = curator.post(IMPORT, {"sheet": SimpleUploadedFile("a.csv", text.encode())})
    assert answer.status_code in (200, 400)
    assert time.process_time() - began_s < 5
    # Nothing of it is repeated at length, except the file itself for the step after this one.
    assert len(answer.content) < 100_000 + 10 * len(text) * (answer.status_code == 200)
    assert not Act.objects.exists()


def test_a_compressed_file_is_refused_by_its_bytes(curator: Client, twitch: Live) -> None:
    packed = gzip.compress(b"login\n" + b"a" * 50_000_000)
    answer = curator.post(IMPORT, {"sheet": SimpleUploadedFile("a.csv.gz", packed)})
    assert answer.status_code == 400
    assert "not UTF-8" in answer.content.decode()


@pytest.mark.parametrize("note", ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"])
def test_a_formula_is_a_note_like_any_other(curator: Client, twitch: Live, note: str) -> None:
    channel("7")
    text = f'login,note\nchannel7,"{note}"'
    digest = plan_of(text, look_up=nobody, now=NOW).digest
    assert curator.post(IMPORT, {"text": text, "digest": digest}).status_code == 302
    assert Channel.objects.get(pk="7").note == note
