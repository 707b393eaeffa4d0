from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.channels.known_text import MAX_CACHE_AGE_MS, KnownText

T0 = 1_795_400_000_000
MINUTE = 60_000
# In the property test, responses are up to this many polls old, and outdated ones are never consecutive.
LAG = 3


def changes(answers: str, first_ms: int = T0) -> list[tuple[str, int]]:
    """Return the changes and their minutes. Each letter is the response in one minute; the first is the known text."""
    known, found = KnownText(answers[0]), list[tuple[str, int]]()
    for minute, answer in enumerate(answers[1:], start=1):
        previous, known = known, known.after(answer, first_ms + minute * MINUTE)
        if known.text != previous.text:
            found.append((known.text, (known.changed_ms - first_ms) // MINUTE))
    return found


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ("AAA", []),
        ("AABBB", [("B", 2)]),
        ("ABABB", [("B", 1)]),
        ("ABABABAB", [("B", 1)]),
        ("ABAA", [("B", 1), ("A", 2)]),
        ("ABABAA", [("B", 1), ("A", 4)]),
        ("ABABAABAB", [("B", 1), ("A", 4)]),
        ("ABC", [("B", 1), ("C", 2)]),
        ("ABCBCC", [("B", 1), ("C", 2)]),
    ],
)
def test_a_change_back_counts_after_two_consecutive_responses(answers: str, expected: list[tuple[str, int]]) -> None:
    assert changes(answers) == expected


def test_a_change_back_after_the_maximum_cache_age_counts_at_once() -> None:
    minutes = MAX_CACHE_AGE_MS // MINUTE
    assert changes("A" + "B" * minutes + "A") == [("B", 1), ("A", minutes + 1)]
    assert changes("A" + "B" * (minutes - 1) + "AB") == [("B", 1)]


@st.composite
def interleavings(draw: st.DrawFn) -> tuple[str, list[tuple[str, int]]]:
    """Draw the responses during one broadcast and, for each change at Twitch, the new text and the next poll."""
    text, answers, truth = "A", "AA", list[tuple[str, int]]()
    for _ in range(draw(st.integers(1, 5))):
        older, text = text, draw(st.sampled_from([other for other in "ABC" if other != text]))
        truth.append((text, len(answers)))
        for age in range(LAG + draw(st.integers(2, 12))):
            is_older = age < LAG and not answers.endswith(older) and draw(st.booleans())
            answers += older if is_older or (age == 0 and draw(st.booleans())) else text
    return answers, truth


@given(interleavings())
def test_each_change_at_twitch_counts_once_in_every_interleaving(
    drawn: tuple[str, list[tuple[str, int]]],
) -> None:
    answers, truth = drawn
    found = changes(answers)
    assert [text for text, _ in found] == [text for text, _ in truth]
    for (text, minute), (_, changed) in zip(found, truth, strict=True):
        assert changed <= minute <= changed + LAG
        assert answers[minute] == text
