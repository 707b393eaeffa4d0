"""Explanations of metrics for buyers and creators, with worked examples whose results the formulas compute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.metrics.columns import Columns
from core.metrics.display import figure
from core.metrics.excitement import excitement
from core.metrics.table import METRIC
from core.metrics.windows import LIVE_WINDOW_MS


@dataclass(frozen=True, slots=True)
class Explanation:
    """Explanation of a metric: `meaning` in one or two sentences, and a worked example.

    `example` contains columns of a live window in braces; `worked_example` appends the result. `past` contains the
    chatters of earlier windows, for excitement only.
    """

    meaning: str
    example: str
    columns: Columns
    past: Sequence[int] = field(default=())


# The chatters in the example's 30 windows of the past 15 minutes: between 90 and 110, half of them 100 or fewer.
_QUIET_PAST = (90, 95, 98, 100, 100, 100, 102, 105, 108, 110) * 3

EXPLANATIONS: Mapping[str, Explanation] = {
    "viewers": Explanation(
        "The size of the audience. It does not show how many of these people pay attention to the chat.",
        "Twitch last reported {viewers:,} viewers",
        {"viewers": 12_418},
    ),
    "messages": Explanation(
        "The pace of the chat. Large channels are usually busier, so compare channels of similar size.",
        "{messages:,} messages in the past 30 s",
        {"messages": 214},
    ),
    "engagement": Explanation(
        "The pace of the chat relative to the size of the audience, so that small and large channels can be compared.",
        "{messages:,} messages in 30 s and {viewers:,} viewers: {messages:,} × 2 / ({viewers:,} / 1,000)",
        {"messages": 150, "viewers": 20_000},
    ),
    "spam": Explanation(
        "The length of messages. Copied blocks of text and advertisements raise it, and so do real conversations.",
        "{words:,} words in {messages:,} messages: {words:,} / {messages:,}",
        {"messages": 80, "words": 420},
    ),
    "chatters": Explanation(
        "The number of people who take part in the chat, no matter how much each of them writes.",
        "{messages:,} messages in the past 30 s, written by {chatters:,} different people",
        {"messages": 214, "chatters": 131},
    ),
    "excitement": Explanation(
        "A sign that something is happening right now: more people than usual are writing in this channel.",
        "usually {median:,} chatters in 30 s, give or take about {spread:,}, and {chatters:,} now:"
        " ({chatters:,} - {median:,}) / {spread:,}",
        {"chatters": 150, "median": 100, "spread": 10},
        past=_QUIET_PAST,
    ),
    "repetition": Explanation(
        "The share of the chat that says the same thing: chants and copied texts, by people or by bots.",
        "{messages:,} messages with {texts:,} different texts: 100 × (1 - {texts:,} / {messages:,})",
        {"messages": 200, "texts": 150},
    ),
    "first_time": Explanation(
        "The share of messages from people who have never written in this channel before.",
        "{first_messages:,} of {messages:,} messages are first messages: 100 × {first_messages:,} / {messages:,}",
        {"messages": 200, "first_messages": 5},
    ),
    "returning": Explanation(
        "The share of messages from new viewers who came back, a sign that a channel retains its audience.",
        "{returning_messages:,} of {messages:,} messages: 100 × {returning_messages:,} / {messages:,}",
        {"messages": 200, "returning_messages": 9},
    ),
    "subscribers": Explanation(
        "The share of the chat that comes from people who pay for the channel.",
        "{subscriber_messages:,} of {messages:,} messages: 100 × {subscriber_messages:,} / {messages:,}",
        {"messages": 200, "subscriber_messages": 70},
    ),
    "emotes": Explanation(
        "The share of the chat that consists of reactions without words.",
        "{emote_messages:,} of {messages:,} messages: 100 × {emote_messages:,} / {messages:,}",
        {"messages": 200, "emote_messages": 64},
    ),
    "removals": Explanation(
        "The rate at which moderators step in. A high value can mean a rough chat or strict moderation.",
        "{removals:,} bans, timeouts and deletions and {messages:,} messages: 1,000 × {removals:,} / {messages:,}",
        {"messages": 400, "removals": 2},
    ),
    "shared": Explanation(
        "Messages that viewers read here, but that were written in other channels of a Shared Chat session.",
        "{copies:,} messages from other channels in the past 30 s",
        {"copies": 37},
    ),
    "coverage": Explanation(
        "The share of time in which we were connected to the chat. It shows how complete the counts are.",
        "heard for {observed_ms:,} of 30,000 ms: 100 × {observed_ms:,} / 30,000",
        {"observed_ms": 28_500},
    ),
}


def worked_example(key: str) -> str:
    """Return the example with its result and unit: "420 words in 80 messages: 420 / 80 = 5.25 words / msg"."""
    explanation, metric = EXPLANATIONS[key], METRIC[key]
    if explanation.past:
        value = excitement(explanation.columns["chatters"], explanation.past)
    else:
        value = metric.value(explanation.columns, LIVE_WINDOW_MS)
    unit = metric.unit if metric.unit.startswith("%") else f" {metric.unit}"
    return f"{explanation.example.format(**explanation.columns)} = {figure(key, value)}{unit}"
