"""Counting rules that the formulas do not state, enough to recompute every metric from raw IRC lines.

They appear in docs/metrics.md, on the methodology page and in the API's `/metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.irc.event_time import PROMISE_DELAY_MS
from core.metrics.peaks import MIN_MESSAGES, MIN_VIEWERS
from core.metrics.percentiles import MIN_PEERS
from core.metrics.ranges import VIEWERS_COVERAGE_MIN


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `key` is its anchor on the methodology page."""

    key: str
    title: str
    text: str


RULES: tuple[Rule, ...] = (
    Rule(
        "window-edges",
        "Window edges",
        "A window that ends at E and is L long covers [E - L, E): a message sent exactly at E belongs to the next one. "
        "The time of a message is Twitch's tmi-sent-ts. A message that arrives later than "
        f"{PROMISE_DELAY_MS} ms behind the newest one of its partition is counted at the earliest moment that is "
        "still open, and the move is counted.",
    ),
    Rule(
        "counted-messages",
        "Counted messages",
        "PRIVMSG lines with an id and a user-id, each id once; people and channels that opted out are left out. "
        "Copies that Shared Chat brings (source-room-id differs from room-id) and messages of the instance's list of "
        "bots are counted separately and are part of no other metric.",
    ),
    Rule(
        "words",
        "Words and texts",
        "Default-ignorable code points (Unicode property Default_Ignorable_Code_Point), U+2800 and U+3164 are removed "
        "first, like the wrapper of /me: chat clients append them to evade the duplicate filter. Words are the parts "
        "between white space (Unicode White_Space and U+001C to U+001F). Two texts are the same if they are equal "
        "after removal, full case folding without normalization, and joining their words by single spaces.",
    ),
    Rule(
        "percentile",
        "Percentile",
        "100 x (channels below + 0.5 x other channels with the same value) / (channels in the peer group - 1), "
        "rounded down. The peer group is the live channels of the same size band, category or language, "
        f"{MIN_PEERS} or more, that the metric's board would rank.",
    ),
    Rule(
        "ranges",
        "Ranges",
        "A range consists of the minutes whose midpoint it contains. Minutes are stored for 90 days; an older range is "
        "widened to whole hours, and the answer gives its true start and end. Values are the formulas over summed "
        "columns, so they do not depend on the windows that a chart draws.",
    ),
    Rule(
        "peaks",
        "Peaks",
        "In ranges of up to 30 minutes, the highest 30-second window that ends in the range, without a threshold; it "
        "may begin up to 30 seconds earlier. In longer ones the busiest minute, whatever the "
        f"chart draws: a minute counts if it was heard for 50% or more and, for ratios, has {MIN_MESSAGES} messages "
        f"(engagement: {MIN_VIEWERS} mean viewers). Values are rounded to six decimals; of equal minutes the earliest "
        "counts. For viewers it is always the highest count known. Hours stored by version 0.3 and earlier have "
        "averages only.",
    ),
    Rule(
        "coverage-of-a-range",
        "Coverage of a range",
        "A range splits into time heard, time missed (tracked and not heard) and the rest (off air or not tracked). "
        "Coverage is heard / length. Coverage while on air is heard on air / on air; a recorded gap without any data "
        "counts as on air if the channel was on air just before or just after it. Counts are lower bounds if coverage "
        "while on air is below 100%. The coverage of a window is its heard time / its length, less recorded gaps.",
    ),
    Rule(
        "hours-watched",
        "Hours watched",
        "The sum of the viewers known in each second / 3,600. Seconds with unknown viewers are not filled in: the sum "
        f"is a lower bound below 100% of known time, and not given below {VIEWERS_COVERAGE_MIN:.0%} of the "
        "time on air.",
    ),
)
