"""Which lines count, and what is added to them."""

from __future__ import annotations

import pytest

from apps.ingest.listening.intake import Intake, Unwanted
from apps.ingest.listening.writer import Entry
from apps.ingest.snapshot import Stream
from core.irc import parse

NOW = 1_795_400_000_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "")
BOB = Stream("8", "bob", "Bob", 50, "", "", "", "")
LINE = (
    b"@id=11111111-2222-4333-8444-555555555555;room-id=7;tmi-sent-ts=1795399999900;user-id=42"
    b" :eve!eve@eve PRIVMSG #ada :three words here"
)


@pytest.fixture
def intake() -> Intake:
    intake = Intake(partitions=4)
    intake.follow({"7": ADA, "8": BOB}, frozenset({"7"}))
    return intake


def test_a_message_gets_the_viewers_category_and_language_of_its_channel(intake: Intake) -> None:
    entry = intake.take(parse(LINE), NOW)
    assert isinstance(entry, Entry)
    assert entry.sent_ms == 1_795_399_999_900
    assert entry.user == "42"
    assert entry.fields["words"] == 3
    assert (entry.fields["viewers"], entry.fields["category"], entry.fields["language"]) == (900, "Chess", "en")


def test_what_is_not_known_of_the_channel_is_left_out(intake: Intake) -> None:
    intake.follow({"8": BOB}, frozenset({"8"}))
    entry = intake.take(parse(LINE.replace(b"room-id=7", b"room-id=8").replace(b"#ada", b"#bob")), NOW)
    assert isinstance(entry, Entry)
    assert "category" not in entry.fields
    assert "language" not in entry.fields


def test_a_message_without_a_time_is_dated_now(intake: Intake) -> None:
    entry = intake.take(parse(LINE.replace(b"tmi-sent-ts=1795399999900", b"tmi-sent-ts=")), NOW)
    assert isinstance(entry, Entry)
    assert entry.sent_ms == NOW


def test_a_message_of_a_channel_left_is_accounted_for(intake: Intake) -> None:
    assert intake.take(parse(LINE.replace(b"room-id=7", b"room-id=8")), NOW) == Unwanted("8", 1_795_399_999_900)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "malformed line"),
        (b"\r\n", "malformed line"),
        (b"@", "malformed line"),
        (b"PRIVMSG", "malformed PRIVMSG"),
        (b":x PRIVMSG #ada", "malformed PRIVMSG"),
        (b":x PRIVMSG ada :hello", "malformed PRIVMSG"),
        (b":x!x@x PRIVMSG #ada :no tags", "without id or user"),
        (b"@id=1 PRIVMSG #ada :no user", "without id or user"),
        (b"@id=1;user-id=2 :x PRIVMSG #nobody :hello", "of no known channel"),
        (LINE.replace(b"room-id=7", b"room-id=7;source-room-id=9"), "copy from a shared chat"),
    ],
)
def test_what_cannot_be_used_is_counted_by_reason(intake: Intake, raw: bytes, reason: str) -> None:
    assert intake.take(parse(raw), NOW) is None
    assert intake.rejected == {reason: 1}


def test_other_commands_are_no_rejections(intake: Intake) -> None:
    assert intake.take(parse(b":tmi.twitch.tv ROOMSTATE #ada"), NOW) is None
    assert not intake.rejected
