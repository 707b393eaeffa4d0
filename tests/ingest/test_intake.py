"""Filtering of lines and their conversion into records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from apps.metrics.event_marks import EventMark, event_marks
from core.channels.rules import IntakeRules
from core.channels.stream import Stream
from core.irc.lines import parse
from core.pipeline.intake import Intake, UntrackedMessage
from core.pipeline.reasons import Loss
from core.pipeline.records import TRAITS, read_event
from core.pipeline.unstamped import UnstampedRecord
from simulator.audience import Audience
from simulator.irc_lines import room_state, tagged
from simulator.source import ModeChange

NOW = 1_795_400_000_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "")
BOB = Stream("8", "bob", "Bob", 50, "", "", "", "")
ROOMS = (("7", "ada"), ("8", "bob"))
LINE = (
    b"@id=11111111-2222-4333-8444-555555555555;room-id=7;tmi-sent-ts=1795399999900;user-id=42"
    b" :eve!eve@eve PRIVMSG #ada :three words here"
)


@pytest.fixture
def intake() -> Intake:
    return tracking_intake(count_bots=False)


def tracking_intake(*, count_bots: bool) -> Intake:
    intake = Intake(partitions=4, count_bots=count_bots)
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7"}), know_viewers=True)
    intake.set_rules(IntakeRules(frozenset({"helperbot"}), frozenset({"66"}), frozenset({"13"})))
    return intake


def kind_of(intake: Intake, raw: bytes) -> str:
    entry = intake.take(parse(raw), NOW)
    assert isinstance(entry, UnstampedRecord)
    return str(entry.fields["kind"])


def test_a_message_gets_the_viewers_category_and_language_of_its_channel(intake: Intake) -> None:
    entry = intake.take(parse(LINE), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert entry.sent_ms == 1_795_399_999_900
    assert entry.user == "42"
    assert entry.fields["words"] == 3
    assert (entry.fields["viewers"], entry.fields["category"], entry.fields["language"]) == (900, "Chess", "en")


def test_only_true_traits_of_a_message_are_recorded(intake: Intake) -> None:
    tags = b"@emote-only=1;first-msg=1;returning-chatter=1;subscriber=1;id"
    all_traits, no_traits = LINE.replace(b"@id", tags), LINE.replace(b"@id=1", tags.replace(b"=1", b"=0") + b"=2")
    traits = [dict.fromkeys(TRAITS, 1), {}]
    for raw, expected in zip((all_traits, no_traits), traits, strict=True):
        entry = intake.take(parse(raw), NOW)
        assert isinstance(entry, UnstampedRecord)
        assert {name: entry.fields[name] for name in TRAITS if name in entry.fields} == expected


def test_founders_are_subscribers(intake: Intake) -> None:
    tags = b"@badge-info=founder/14;badges=founder/0,premium/1;subscriber=0;id"
    entry = intake.take(parse(LINE.replace(b"@id", tags)), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert entry.fields["is_subscriber"] == 1


def test_unknown_values_of_a_channel_are_omitted(intake: Intake) -> None:
    intake.set_channels({"8": BOB}, frozenset({"8"}), know_viewers=True)
    entry = intake.take(parse(LINE.replace(b"room-id=7", b"room-id=8").replace(b"#ada", b"#bob")), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert "category" not in entry.fields
    assert "language" not in entry.fields


def test_a_message_without_a_time_is_dated_now(intake: Intake) -> None:
    entry = intake.take(parse(LINE.replace(b"tmi-sent-ts=1795399999900", b"tmi-sent-ts=")), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert entry.sent_ms == NOW


@pytest.mark.parametrize("sent_ms", [5, 1_795_400_000_000 - 3_600_000, 999_999_999_999_999])
def test_an_implausible_time_is_replaced_by_now(intake: Intake, sent_ms: int) -> None:
    entry = intake.take(parse(LINE.replace(b"1795399999900", str(sent_ms).encode())), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert entry.sent_ms == NOW
    assert intake.last_sent_ms == 0


def test_a_channel_that_was_never_tracked_has_no_gap(intake: Intake) -> None:
    assert intake.take(parse(LINE.replace(b"room-id=7", b"room-id=999")), NOW) is None
    assert intake.rejected == {"unknown channel": 1}


def test_a_message_from_a_removed_channel_is_counted_as_lost(intake: Intake) -> None:
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"8"}), know_viewers=True)
    intake.set_channels({"7": ADA}, frozenset({"7"}), know_viewers=True)
    assert intake.take(parse(LINE.replace(b"room-id=7", b"room-id=8")), NOW) == UntrackedMessage("8", 1_795_399_999_900)


class FakeWriter:
    """Collects the records and losses that it receives, in order."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def put(self, record: UnstampedRecord) -> None:
        self.kinds.append(record.fields["kind"])

    def put_event(self, fields: dict[str, Any]) -> None:
        self.kinds.append(f"event {fields['kind']}")

    def skip(self, channel_id: str, sent_ms: int, reason: Loss) -> None:
        self.kinds.append(f"skipped {channel_id} at {sent_ms}: {reason}")


def test_lines_become_records_in_order(intake: Intake) -> None:
    written = FakeWriter()
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7", "8"}), know_viewers=True)
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7"}), know_viewers=True)
    raid = (
        b"@id=r;room-id=7;msg-id=raid;msg-param-viewerCount=5;tmi-sent-ts=1795399999950 :tmi.twitch.tv USERNOTICE #ada"
    )
    ban = b"@room-id=7;target-user-id=13;tmi-sent-ts=1795399999960 :tmi.twitch.tv CLEARCHAT #ada :eve"
    in_bob = LINE.replace(b"room-id=7", b"room-id=8").replace(b"id=1", b"id=2")
    lag_ms = intake.receive([parse(raw) for raw in (LINE, raid, LINE, in_bob, ban)], NOW, written)
    assert written.kinds == ["message", "event raid", "skipped 8 at 1795399999900: unwanted", "removal"]
    assert lag_ms == 40


def test_no_delay_is_measured_for_lines_without_a_time(intake: Intake) -> None:
    assert intake.receive([parse(b":tmi.twitch.tv USERSTATE #ada")], NOW, FakeWriter()) is None


def test_an_unknown_viewer_count_is_omitted(intake: Intake) -> None:
    intake.set_channels({"7": ADA}, frozenset({"7"}), know_viewers=False)
    entry = intake.take(parse(LINE), NOW)
    assert isinstance(entry, UnstampedRecord)
    assert "viewers" not in entry.fields


def test_a_shared_copy_is_not_a_message(intake: Intake) -> None:
    assert kind_of(intake, LINE.replace(b"room-id=7", b"room-id=7;source-room-id=9")) == "copy"
    again = LINE.replace(b"room-id=7", b"room-id=7;source-room-id=7").replace(b"id=1111", b"id=2222")
    assert kind_of(intake, again) == "message"


def test_a_known_bot_is_counted_separately_unless_configured_otherwise() -> None:
    raw = LINE.replace(b"eve", b"helperbot")
    assert kind_of(tracking_intake(count_bots=False), raw) == "bot"
    assert kind_of(tracking_intake(count_bots=True), raw) == "message"


def test_a_duplicate_message_is_rejected(intake: Intake) -> None:
    assert isinstance(intake.take(parse(LINE), NOW), UnstampedRecord)
    assert intake.take(parse(LINE), NOW) is None
    assert intake.rejected == {"duplicate": 1}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"PRIVMSG", "malformed PRIVMSG"),
        (b":x PRIVMSG #ada", "malformed PRIVMSG"),
        (b":x PRIVMSG ada :hello", "malformed PRIVMSG"),
        (b":x!x@x PRIVMSG #ada :no tags", "without id or user"),
        (b"@id=1 PRIVMSG #ada :no user", "without id or user"),
        (b"@id=1;user-id=2 :x PRIVMSG #nobody :hello", "unknown channel"),
        (LINE.replace(b"user-id=42", b"user-id=13"), "opted out"),
        (LINE.replace(b"room-id=7", b"room-id=7;source-room-id=66"), "opted out"),
    ],
)
def test_rejected_lines_are_counted_by_reason(intake: Intake, raw: bytes, reason: str) -> None:
    assert intake.take(parse(raw), NOW) is None
    assert intake.rejected == {reason: 1}


@pytest.mark.parametrize("raw", [b"", b"\r\n", b"@"])
def test_a_line_without_a_command_is_counted(intake: Intake, raw: bytes) -> None:
    assert intake.notice(parse(raw), NOW) == []
    assert intake.rejected == {"malformed line": 1}


def test_unused_irc_commands_are_not_counted_as_rejected(intake: Intake) -> None:
    assert intake.notice(parse(b":tmi.twitch.tv HOSTTARGET #ada :-"), NOW) == []
    assert not intake.rejected


RAID = (
    b"@id=raid-1;msg-id=raid;msg-param-viewerCount=1200;room-id=7;tmi-sent-ts=1795399999900;user-id=42"
    b" :tmi.twitch.tv USERNOTICE #ada"
)


def test_a_raid_is_an_event_without_names(intake: Intake) -> None:
    (event,) = intake.notice(parse(RAID), NOW)
    assert isinstance(event, dict)
    assert event == {
        "v": 1,
        "id": "raid-1",
        "kind": "raid",
        "channel_id": "7",
        "at_ms": 1_795_399_999_900,
        "count": 1200,
    }
    assert intake.notice(parse(RAID), NOW) == []


def test_a_shared_copy_of_a_notice_is_not_counted(intake: Intake) -> None:
    raw = RAID.replace(b"msg-id=raid", b"msg-id=sharedchatnotice;source-msg-id=raid;source-room-id=9")
    assert intake.notice(parse(raw), NOW) == []
    assert intake.rejected == {"copied notice": 1}


def test_a_notice_of_an_opted_out_user_is_dropped(intake: Intake) -> None:
    assert intake.notice(parse(RAID.replace(b"user-id=42", b"user-id=13")), NOW) == []


def ban(user: int, sent_ms: int) -> bytes:
    return f"@room-id=7;target-user-id={user};tmi-sent-ts={sent_ms} :tmi.twitch.tv CLEARCHAT #ada :eve".encode()


def test_bans_are_summed_per_minute_and_each_counts_as_one_removal(intake: Intake) -> None:
    minute_ms = NOW // 60_000 * 60_000
    records = []
    for user, at_ms in ((1, 100), (2, 700), (2, 700), (3, 60_100)):
        records += intake.notice(parse(ban(user, minute_ms + at_ms)), minute_ms + 61_000)
    removals = [(entry.sent_ms, entry.fields["kind"]) for entry in records if isinstance(entry, UnstampedRecord)]
    assert removals == [(minute_ms + at_ms, "removal") for at_ms in (100, 700, 60_100)]
    assert len(records) == 3
    assert intake.minutes(minute_ms + 59_999) == []
    (event,) = intake.minutes(minute_ms + 60_000)
    assert (event["kind"], event["count"]) == ("bans", 2)
    assert (event["at_ms"], event["until_ms"]) == (minute_ms + 100, minute_ms + 701)
    assert intake.minutes(minute_ms + 60_000) == []


def test_a_simultaneous_timeout_and_ban_of_a_user_count_as_two_removals(intake: Intake) -> None:
    timeout = b"@ban-duration=600;" + ban(1, NOW)[1:]
    records = [kind for raw in (timeout, timeout, ban(1, NOW)) for kind in intake.notice(parse(raw), NOW)]
    assert len(records) == 2
    assert {event["kind"]: event["count"] for event in intake.minutes(NOW + 60_000)} == {"timeouts": 1, "bans": 1}


def test_a_cheer_is_a_message_and_its_bits_are_summed(intake: Intake) -> None:
    assert kind_of(intake, LINE.replace(b"@id", b"@bits=150;id")) == "message"
    (event,) = intake.minutes(NOW + 60_000)
    assert (event["kind"], event["count"]) == ("cheers", 150)


WHOLE = b"@emote-only=0;followers-only=-1;r9k=0;room-id=7;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #ada"


def events_of(intake: Intake, raws: Iterable[bytes], now_ms: int = NOW) -> list[dict[str, Any]]:
    records = (record for raw in raws for record in intake.notice(parse(raw), now_ms))
    return [record for record in records if isinstance(record, dict)]


def marks(events: Iterable[dict[str, Any]]) -> list[EventMark]:
    """Return the event marks in history: one per channel, time and id."""
    stored = {(event["channel_id"], event["at_ms"], event["id"]): json.dumps(event).encode() for event in events}
    return event_marks(read_event(value, NOW) for value in stored.values())


def partial(*changes: str) -> list[bytes]:
    return [f"@room-id=7;{change} :tmi.twitch.tv ROOMSTATE #ada".encode() for change in changes]


def test_simultaneous_mode_changes_are_separate_events(intake: Intake) -> None:
    raws = [WHOLE, *partial("followers-only=10", "slow=30", "subs-only=1", "slow=0", "slow=30")]
    events = events_of(intake, raws)
    assert [mark.label for mark in marks(events)] == [
        "Chat mode: Followers only, 10 min",
        "Chat mode: Slow mode, 30 s",
        "Chat mode: Subscribers only on",
        "Chat mode: Slow mode off",
        "Chat mode: Slow mode, 30 s",
    ]
    assert events_of(tracking_intake(count_bots=False), raws) == events


def test_every_mode_change_of_the_simulated_twitch_is_a_separate_mark() -> None:
    audience = Audience(channels=200, rate=1e-6, seed=1)
    streams = {channel.id: Stream(channel.id, channel.login, "", 1, "", "", "", "") for channel in audience.channels}
    intake = Intake(partitions=4, count_bots=False)
    intake.set_channels(streams, frozenset(streams), know_viewers=True)
    start_ms = NOW - 1_200_000
    states = [room_state(audience, channel, start_ms) for channel in audience.channels]
    assert events_of(intake, states, start_ms) == []
    audience.start(start_ms)
    changes = [item for item in audience.due(NOW) if isinstance(item, ModeChange)]
    events = [event for item in changes for event in events_of(intake, [tagged(item, 0)], int(item.due_ms))]
    assert len(changes) > len({(item.channel, item.due_ms) for item in changes})
    assert len(marks(events)) == len(changes)


def test_simultaneous_events_of_two_channels_have_distinct_ids(intake: Intake) -> None:
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7", "8"}), know_viewers=True)
    raws = [WHOLE, *partial("slow=30")]
    other = [raw.replace(b"room-id=7", b"room-id=8").replace(b"#ada", b"#bob") for raw in raws]
    clears = [f"@room-id={room};tmi-sent-ts={NOW} :tmi.twitch.tv CLEARCHAT #{login}".encode() for room, login in ROOMS]
    events = events_of(intake, [*raws, *other, *clears])
    assert len({event["id"] for event in events}) == len(events) == 4


def test_a_late_line_does_not_replace_the_sum_of_its_minute(intake: Intake) -> None:
    minute_ms = NOW // 60_000 * 60_000
    sums = []
    for user in (1, 2, 3):
        intake.notice(parse(ban(user, minute_ms)), minute_ms + 61_000)
        sums += intake.minutes(minute_ms + 60_000)
    assert [event["count"] for event in sums] == [1, 1, 1]
    assert len(marks(sums)) == 3


def test_sums_of_two_channels_have_distinct_ids(intake: Intake) -> None:
    intake.set_channels({"7": ADA, "8": BOB}, frozenset({"7", "8"}), know_viewers=True)
    for room, login in ROOMS:
        raw = ban(1, NOW).replace(b"room-id=7", f"room-id={room}".encode()).replace(b"#ada", f"#{login}".encode())
        intake.notice(parse(raw), NOW)
    assert len({event["id"] for event in intake.minutes(NOW + 60_000)}) == 2


def test_notices_without_an_id_are_distinguished(intake: Intake) -> None:
    old = b":tmi.twitch.tv USERNOTICE #ada"
    raid = b"@msg-id=raid;msg-param-viewerCount=%d;room-id=7;tmi-sent-ts=1795399999900;user-id=%d " + old
    raws = [raid % (9, 42), raid % (9, 42), raid % (9, 43)]
    subs = [b"@msg-id=subgift;msg-param-recipient-id=%d;room-id=7;tmi-sent-ts=1795399999900;user-id=42 " + old]
    events = events_of(intake, [*raws, *[subs[0] % user for user in (1, 1, 2)]])
    assert [event["kind"] for event in events] == ["raid", "raid"]
    assert len(marks(events)) == 2
    (gifts,) = intake.minutes(NOW + 60_000)
    assert (gifts["kind"], gifts["count"]) == ("subscriptions", 2)


def test_the_first_room_state_is_not_a_change(intake: Intake) -> None:
    assert intake.notice(parse(WHOLE), NOW) == []
    (event,) = intake.notice(parse(b"@room-id=7;slow=30 :tmi.twitch.tv ROOMSTATE #ada"), NOW)
    assert isinstance(event, dict)
    assert (event["kind"], event["text"]) == ("chat_mode", "Slow mode, 30 s")
    assert intake.notice(parse(WHOLE.replace(b"slow=0", b"slow=30")), NOW) == []


def test_two_chat_clears_without_a_time_are_two_events(intake: Intake) -> None:
    raw = parse(b"@room-id=7 :tmi.twitch.tv CLEARCHAT #ada")
    assert len(intake.notice(raw, NOW)) == 1
    assert intake.notice(raw, NOW + 100) == []
    assert len(intake.notice(raw, NOW + 60_000)) == 1


def test_chat_modes_that_differ_after_an_untracked_period_are_not_reported_as_a_change(intake: Intake) -> None:
    intake.notice(parse(WHOLE), NOW)
    intake.set_channels({"7": ADA}, frozenset(), know_viewers=True)
    intake.set_channels({"7": ADA}, frozenset({"7"}), know_viewers=True)
    assert intake.notice(parse(WHOLE.replace(b"slow=0", b"slow=30")), NOW + 9) == []
