"""Counting rules that complement the formulas, so that every metric can be recomputed from raw IRC lines.

They appear in docs/metrics.md, on the methodology page and in the API's `/metrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.irc.event_time import PROMISE_DELAY_MS
from core.metrics.formulas import COMPLETE_FROM
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
        "A window that ends at E and is L long covers [E - L, E), so a message sent exactly at E is not in it. The "
        f"time of a message is Twitch's tmi-sent-ts. A message that is more than {PROMISE_DELAY_MS} ms older than the "
        "newest message of its partition when it arrives is counted at the earliest time that is still open. "
        "The counter twitchly_records_moved counts such messages.",
    ),
    Rule(
        "counted-messages",
        "Counted messages",
        "PRIVMSG lines with an id and a user-id. Each id is counted once. People and channels that opted out are "
        "excluded. Shared Chat copies (source-room-id differs from room-id) and messages from the bots on the "
        "instance's list are counted separately and excluded from all other metrics.",
    ),
    Rule(
        "words",
        "Words and texts",
        "Default-ignorable code points (Unicode property Default_Ignorable_Code_Point), U+2800 and U+3164 are removed "
        "first, because chat clients append them to evade the duplicate filter. The wrapper of /me is removed too. "
        "Words are separated by white space (Unicode White_Space and U+001C to U+001F). Two texts are the same if they "
        "are equal after this removal, full case folding without normalization, and joining their words with single "
        "spaces.",
    ),
    Rule(
        "subscriber-messages",
        "Messages of subscribers",
        "A message is a subscriber's if its badges or badge-info tag contains a subscriber/... or founder/... entry. "
        "Users can hide the badge, but badge-info still contains the number of months they have been subscribed. "
        "If badges is empty, subscriber=1 counts too.",
    ),
    Rule(
        "five-minutes",
        "5-minute ratios",
        "Boards of ratios cover the past 30 s or, if chosen, the past 5 min. A 5-minute window ends at E, a multiple "
        "of 10 s. The columns of the ten 30-second windows that end at E, E - 30 s, ..., E - 270 s are added, and the "
        "formula is applied to the sums. The value is never a mean of ratios. A missing window adds nothing. Coverage "
        "is the time heard in these windows / 5 min. To be ranked, a channel needs ten times as many messages as on "
        "the 30-second board, even if windows are missing. The minimum number of viewers for engagement is checked "
        "against the latest known viewer count. Version 3 of engagement and version 2 of the other ratios added these "
        "boards; 30-second values are unchanged.",
    ),
    Rule(
        "percentile",
        "Percentile",
        "100 x (channels below + 0.5 x other channels with the same value) / (channels in the peer group - 1), "
        "rounded down. The peer group consists of the live channels in the same size band, category or language that "
        f"the metric's board would rank. With fewer than {MIN_PEERS} channels, there is no percentile.",
    ),
    Rule(
        "ranges",
        "Ranges",
        "A range consists of the minutes whose midpoint it contains. Minutes are stored for 90 days; an older range is "
        "widened to whole hours, and the response gives its actual start and end. A range that ends now, such as the "
        "past 10 min, is never shortened. Instead, it is shifted back to end with the channel's newest stored minute, "
        "at most two minutes before the last whole minute. Values are computed from summed columns, so they do not "
        "depend on the windows that a chart draws.",
    ),
    Rule(
        "peaks",
        "Peaks",
        "In ranges of up to 30 minutes, the peak is the value of the highest 30-second window inside the range, as "
        "long as such windows are stored (48 h); no threshold applies. Otherwise, and always for repetition, the "
        "peak is the value of the busiest minute. Neither depends on the windows that a chart draws. A minute "
        f"qualifies if it was heard for 50% or more and, for ratios, has at least {MIN_MESSAGES} messages (for "
        f"engagement, at least {MIN_VIEWERS} mean viewers). Values are rounded to six decimal places; if minutes tie, "
        "the earliest wins. The viewer peak is always the highest known count. Hours stored by version 0.3 and "
        "earlier have only averages. On pages that show the live value, the peak of a range that ends now includes it, "
        "unless the peak is that of the busiest minute. Exports and the API do not include the live value, because "
        "they state the exact range of the peak.",
    ),
    Rule(
        "coverage-of-a-range",
        "Coverage of a range",
        "A range splits into time heard, time missed (on air or tracked, but not heard) and the rest (off air or not "
        "tracked). Missed time is listed as gaps; where no gap was recorded, the listed position is accurate only to "
        "the minute, or to the hour in old ranges. Coverage is time heard / length. Coverage while on air is time "
        "heard on air / time on air. A stream is on air from the start time that Twitch reports, even before it was "
        "noticed; a recorded gap without any data counts as on air if the channel was on air just before or just "
        f"after it. Chat counts are lower bounds if coverage while on air is below {100 * COMPLETE_FROM:g}%. Viewer "
        f"figures are lower bounds if viewer counts are known for less than {100 * COMPLETE_FROM:g}% of the time "
        f"on air. Coverage of {100 * COMPLETE_FROM:g}% or more counts as complete and is displayed as 100.0%, so "
        "that a producer restart, which costs milliseconds, does not mark every value as a lower bound. A stream has "
        "the same figures as a range of its whole minutes. The coverage of a window is the time heard outside recorded "
        "gaps / length.",
    ),
    Rule(
        "hours-watched",
        "Hours watched",
        "The sum of the known viewer counts of all seconds / 3,600. Seconds with unknown viewers are not filled in. "
        "The sum is a lower bound if viewer counts are known for less than "
        f"{100 * COMPLETE_FROM:g}% of the time on air, and it is omitted below {VIEWERS_COVERAGE_MIN:.0%}.",
    ),
)
