"""Pool of synthetic chat lines with their emotes, generated once."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random

from simulator import phrases

# Enough that a busy channel does not repeat itself by chance.
LINES = 20_000
# Clients append one of these, with or without a space, to repeat a message.
PADDING = (
    "\U000e0000", "\u034f", "\u206d", "\u2800", "\u200b", "\u2060", "\ufeff", "\U000e0001", "\u00ad", "\u3164",
)  # fmt: skip
PADDED_SHARE = 0.4
EMOJI = ("😂", "🔥", "👩‍🚀", "❤️", "𝕎")
ChatLine = tuple[str, str]


def lines(seed: int) -> list[ChatLine]:
    """Return lines of chat, each with its `emotes` tag."""
    random = Random(f"lines {seed}")
    return [_line(random) for _ in range(LINES)]


def with_padding(text: str, random: Random) -> str:
    """Return `text`, sometimes padded as chat clients do when a user repeats a message."""
    if random.random() >= PADDED_SHARE:
        return text
    return f"{text}{random.choice((' ', ''))}{random.choice(PADDING)}"


def emotes_tag(name: str, text: str) -> str:
    """Return the `emotes` tag for an emote's occurrences in a text, by code points, or an empty string."""
    positions, at = [], text.find(name)
    while at >= 0:
        positions.append(f"{at}-{at + len(name) - 1}")
        at = text.find(name, at + len(name))
    return f"{phrases.EMOTES[name]}:{','.join(positions)}" if positions else ""


@lru_cache(maxsize=LINES)
def is_emotes(text: str, emotes: str) -> bool:
    """Return whether a text consists only of the emotes in its tag."""
    rest = list(text)
    for position in re.findall(r"(?<![0-9])([0-9]{1,4})-([0-9]{1,4})(?=[,/]|$)", emotes):
        first, last = map(int, position)
        rest[first : last + 1] = " " * (last + 1 - first)
    return not "".join(rest).strip()


def _line(random: Random) -> ChatLine:
    """Return a random line; half of all lines have up to 3 words."""
    kind = random.random()
    if kind < 0.20:
        return _emotes(random)
    if kind < 0.44:
        return random.choice(phrases.REACTIONS), ""
    if kind < 0.52:
        return random.choice(phrases.GREETINGS), ""
    if kind < 0.60:
        return random.choice(phrases.QUESTIONS), ""
    if kind < 0.97:
        return _sentence(random, kind > 0.88), ""
    return (random.choice(phrases.COPYPASTA), "") if kind > 0.99 else (_sentence(random, True), "")


def _emotes(random: Random) -> ChatLine:
    name = random.choice(tuple(phrases.EMOTES))
    text = " ".join([name] * random.choice((1, 1, 1, 2, 3, 4)))
    if random.random() < 0.2:
        text = f"{random.choice(EMOJI)} {text}"
    return text, emotes_tag(name, text)


def _sentence(random: Random, long: bool) -> str:
    if not long and random.random() < 0.35:
        return f"{random.choice(phrases.SUBJECTS)} {random.choice(phrases.REACTIONS)}"
    sentence = f"{random.choice(phrases.SUBJECTS)} {random.choice(phrases.VERBS)} {random.choice(phrases.JUDGMENTS)}"
    return f"{sentence} {random.choice(phrases.EXTRAS)}" if long else sentence
