"""Channel events in notices."""

from __future__ import annotations

import pytest

from core.irc.channel_events import LABELS, SUMMED, LineEvent, MinuteSums, event_of, label
from core.irc.lines import parse


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"@msg-id=raid;msg-param-viewerCount=12 :t USERNOTICE #a", LineEvent("raid", 12)),
        (b"@msg-id=raid;msg-param-viewerCount=many :t USERNOTICE #a", LineEvent("raid")),
        (b"@msg-id=submysterygift;msg-param-mass-gift-count=50 :t USERNOTICE #a", LineEvent("gift_bomb", 50)),
        (b"@msg-id=resub :t USERNOTICE #a :still here", LineEvent("subscriptions", 1)),
        (b"@msg-id=subgift :t USERNOTICE #a", LineEvent("subscriptions", 1)),
        (b"@msg-id=anonsubgift :t USERNOTICE #a", LineEvent("subscriptions", 1)),
        (
            b"@msg-id=subgift;msg-param-gift-months=12;msg-param-sender-count=0 :t USERNOTICE #a",
            LineEvent("subscriptions", 1),
        ),
        (
            b"@msg-id=subgift;msg-param-community-gift-id=;msg-param-sender-count=3 :t USERNOTICE #a",
            LineEvent("subscriptions", 1),
        ),
        (b"@msg-id=subgift;msg-param-community-gift-id=7;msg-param-sender-count=3 :t USERNOTICE #a", None),
        (b"@msg-id=anonsubgift;msg-param-community-gift-id=7 :t USERNOTICE #a", None),
        (b"@msg-id=announcement :t USERNOTICE #a :hello", LineEvent("announcements", 1)),
        (b"@msg-id=bitsbadgetier;msg-param-threshold=5000 :t USERNOTICE #a", LineEvent("bits_badges", 1)),
        (b"@msg-id=viewermilestone;msg-param-value=20 :t USERNOTICE #a", LineEvent("milestones", 1)),
        (b"@msg-id=sharedchatnotice;source-msg-id=announcement :t USERNOTICE #a :hello", None),
        (b"@msg-id=ritual :t USERNOTICE #a :hello", None),
        (b":t CLEARCHAT #a", LineEvent("chat_cleared")),
        (b"@ban-duration=600 :t CLEARCHAT #a :eve", LineEvent("timeouts", 1)),
        (b":t CLEARCHAT #a :eve", LineEvent("bans", 1)),
        (b"@target-msg-id=1 :t CLEARMSG #a :bad words", LineEvent("deletions", 1)),
        (b"@bits=100 :b PRIVMSG #a :cheer100", LineEvent("cheers", 100)),
        (b"@bits=0 :b PRIVMSG #a :none", None),
        (b":b PRIVMSG #a :hello", None),
        (b":t HOSTTARGET #a :-", None),
    ],
)
def test_lines_are_mapped_to_events(raw: bytes, expected: LineEvent | None) -> None:
    assert event_of(parse(raw)) == expected


def test_frequent_kinds_are_summed_per_minute() -> None:
    minutes = MinuteSums()
    for raw in (b"announcement", b"bitsbadgetier", b"viewermilestone", b"bitsbadgetier"):
        event = event_of(parse(b"@msg-id=" + raw + b" :t USERNOTICE #a"))
        assert event is not None
        assert event.kind in SUMMED
        minutes.add("1", event, 5_000)
    assert {label(total.kind, total.count, "") for total in minutes.take(60_000)} == {
        "Announcements: 1",
        "Bits badges: 2",
        "Viewer milestones: 1",
    }


def test_labels_are_human_readable() -> None:
    assert label("announcements", 2, "") == "Announcements: 2"
    assert label("bits_badges", 3, "") == "Bits badges: 3"
    assert label("milestones", 1, "") == "Viewer milestones: 1"
    assert label("raid", 1200, "") == "Raid: 1,200 viewers"
    assert label("category", None, "Chess") == "Category: Chess"
    assert label("raid", None, "") == "Raid: unknown viewers"
    assert label("of the future", 3, "x") == "of the future"
    assert all(label(kind, 1, "x") for kind in LABELS)
