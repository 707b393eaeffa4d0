"""What the invented audience says: lines with their emotes, made once and drawn from ever after."""

from __future__ import annotations

import re
from functools import lru_cache
from random import Random

from simulator import phrases

# Enough that a busy channel does not repeat itself by chance.
LINES = 20_000
# Clients append one of these, after a space or not, to repeat a text unnoticed.
PADDING = (
    "\U000e0000", "\u034f", "\u206d", "\u2800", "\u200b", "\u2060", "\ufeff", "\U000e0001", "\u00ad", "\u3164",
)  # fmt: skip
PADDED_SHARE = 0.4
EMOJI = ("😂", "🔥", "👩‍🚀", "❤️", "𝕎")
Said = tuple[str, str]


def lines(seed: int) -> list[Said]:
    """Return lines of chat, each with its `emotes` tag."""
    random = Random(f"lines {seed}")
    return [_line(random) for _ in range(LINES)]


def repeated(text: str, random: Random) -> str:
    """Return a text as one more person repeats it, some with padding."""
    if random.random() >= PADDED_SHARE:
        return text
    return f"{text}{random.choice((' ', ''))}{random.choice(PADDING)}"


def emotes_tag(name: str, text: str) -> str:
    """Return the `emotes` tag of an emote's occurrences in a text, by code points, or an empty text."""
    places, at = [], text.find(name)
    while at >= 0:
        places.append(f"{at}-{at + len(name) - 1}")
        at = text.find(name, at + len(name))
    return f"{phrases.EMOTES[name]}:{','.join(places)}" if places else ""


@lru_cache(maxsize=LINES)
def is_emotes(text: str, emotes: str) -> bool:
    """Say whether a text holds nothing but what its `emotes` tag names."""
    rest = list(text)
    for place in re.findall(r"(?<![0-9])([0-9]{1,4})-([0-9]{1,4})(?=[,/]|$)", emotes):
        first, last = map(int, place)
        rest[first : last + 1] = " " * (last + 1 - first)
    return not "".join(rest).strip()


def _line(random: Random) -> Said:
    """Half of all lines have up to 3 words."""
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


def _emotes(random: Random) -> Said:
    name = random.choice(tuple(phrases.EMOTES))
    text = " ".join([name] * random.choice((1, 1, 1, 2, 3, 4)))
    if random.random() < 0.2:
        text = f"{random.choice(EMOJI)} {text}"
    return text, emotes_tag(name, text)


def _sentence(random: Random, long: bool) -> str:
    if not long and random.random() < 0.35:
        return f"{random.choice(phrases.SUBJECTS)} {random.choice(phrases.REACTIONS)}"
    said = f"{random.choice(phrases.SUBJECTS)} {random.choice(phrases.VERBS)} {random.choice(phrases.JUDGEMENTS)}"
    return f"{said} {random.choice(phrases.EXTRAS)}" if long else said
