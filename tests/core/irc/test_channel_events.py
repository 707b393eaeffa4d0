"""What notices say of a channel."""

from __future__ import annotations

import pytest

from core.irc.channel_events import LABELS, SUMMED, Happening, Minutes, happening, label
from core.irc.lines import parse


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"@msg-id=raid;msg-param-viewerCount=12 :t USERNOTICE #a", Happening("raid", 12)),
        (b"@msg-id=raid;msg-param-viewerCount=many :t USERNOTICE #a", Happening("raid")),
        (b"@msg-id=submysterygift;msg-param-mass-gift-count=50 :t USERNOTICE #a", Happening("gift_bomb", 50)),
        (b"@msg-id=resub :t USERNOTICE #a :still here", Happening("subscriptions", 1)),
        (b"@msg-id=subgift :t USERNOTICE #a", Happening("subscriptions", 1)),
        (b"@msg-id=anonsubgift :t USERNOTICE #a", Happening("subscriptions", 1)),
        (
            b"@msg-id=subgift;msg-param-gift-months=12;msg-param-sender-count=0 :t USERNOTICE #a",
            Happening("subscriptions", 1),
        ),
        (
            b"@msg-id=subgift;msg-param-community-gift-id=;msg-param-sender-count=3 :t USERNOTICE #a",
            Happening("subscriptions", 1),
        ),
        (b"@msg-id=subgift;msg-param-community-gift-id=7;msg-param-sender-count=3 :t USERNOTICE #a", None),
        (b"@msg-id=anonsubgift;msg-param-community-gift-id=7 :t USERNOTICE #a", None),
        (b"@msg-id=announcement :t USERNOTICE #a :hello", Happening("announcements", 1)),
        (b"@msg-id=bitsbadgetier;msg-param-threshold=5000 :t USERNOTICE #a", Happening("bits_badges", 1)),
        (b"@msg-id=viewermilestone;msg-param-value=20 :t USERNOTICE #a", Happening("milestones", 1)),
        (b"@msg-id=sharedchatnotice;source-msg-id=announcement :t USERNOTICE #a :hello", None),
        (b"@msg-id=ritual :t USERNOTICE #a :hello", None),
        (b":t CLEARCHAT #a", Happening("chat_cleared")),
        (b"@ban-duration=600 :t CLEARCHAT #a :eve", Happening("timeouts", 1)),
        (b":t CLEARCHAT #a :eve", Happening("bans", 1)),
        (b"@target-msg-id=1 :t CLEARMSG #a :bad words", Happening("deletions", 1)),
        (b"@bits=100 :b PRIVMSG #a :cheer100", Happening("cheers", 100)),
        (b"@bits=0 :b PRIVMSG #a :none", None),
        (b":b PRIVMSG #a :hello", None),
        (b":t HOSTTARGET #a :-", None),
    ],
)
def test_a_line_says_what_happened(raw: bytes, expected: Happening | None) -> None:
    assert happening(parse(raw)) == expected


def test_the_kinds_that_come_often_are_summed_over_a_minute() -> None:
    minutes = Minutes()
    for raw in (b"announcement", b"bitsbadgetier", b"viewermilestone", b"bitsbadgetier"):
        told = happening(parse(b"@msg-id=" + raw + b" :t USERNOTICE #a"))
        assert told is not None
        assert told.kind in SUMMED
        minutes.add("1", told, 5_000)
    assert {label(one.kind, one.count, "") for one in minutes.take(60_000)} == {
        "Announcements: 1",
        "Bits badges: 2",
        "Viewer milestones: 1",
    }


def test_labels_are_written_for_people() -> None:
    assert label("announcements", 2, "") == "Announcements: 2"
    assert label("bits_badges", 3, "") == "Bits badges: 3"
    assert label("milestones", 1, "") == "Viewer milestones: 1"
    assert label("raid", 1200, "") == "Raid: 1,200 viewers"
    assert label("category", None, "Chess") == "Category: Chess"
    assert label("raid", None, "") == "Raid: unknown viewers"
    assert label("of the future", 3, "x") == "of the future"
    assert all(label(kind, 1, "x") for kind in LABELS)
