"""Remove code points that hide or reorder text, by the same rules for titles, categories, names and notes.

Removed: controls, halves of surrogate pairs, non-characters, bidirectional overrides, and unpaired embeddings and
isolates. Kept, although invisible on their own: joiners, variation selectors, the tag sequences of flags, and
directional marks. Letters newer than Python's Unicode tables are also kept.
Source: Unicode Standard, 23 "Special Areas and Format Characters"; UAX #9 "Bidirectional Algorithm"; UTS #51 "Emoji".
"""

from __future__ import annotations

import unicodedata

_LINE_ENDS = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_EMBEDDINGS, _OVERRIDES, _ISOLATES = "\u202a\u202b", "\u202d\u202e", "\u2066\u2067\u2068"
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_BIDI = frozenset(_EMBEDDINGS + _OVERRIDES + _ISOLATES + _POP + _POP_ISOLATE)
# Annotation characters, which hide the enclosed text, and deprecated characters, which have no effect.
_OTHERS = frozenset(map(chr, (*range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC), 0xE0001)))
# Blank letters and symbols; a name must not consist of these alone.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINER = "\u200d"
_REGIONAL_INDICATORS = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def readable(text: str) -> str:
    """Remove code points that hide or reorder text; line breaks and tabs become spaces."""
    remaining = "".join(character for character in text.translate(_LINE_ENDS) if not _is_removed(character))
    return _paired(remaining) if _BIDI.intersection(remaining) else remaining


def one_line(text: str, max_length: int | None = None) -> str:
    """Normalize external text for storage, display and comparison: readable, with single spaces.

    It is truncated to `max_length` code points, without splitting an emoji or an accented letter. Normalizing the
    result again with the same or a greater length does not change it.
    """
    line = _single_spaced(text)
    if max_length is None or len(line) <= max_length:
        return line
    # An embedding opened before the cut may be closed after it. Removing that embedding can leave two adjacent spaces.
    return _single_spaced(line[: _last_boundary(line, max_length)])


def is_blank(text: str) -> bool:
    """Return whether a string has no visible character."""
    return all(
        character in _BLANKS or _is_variation(character) or unicodedata.category(character) in _INVISIBLE
        for character in text
    )


def _single_spaced(text: str) -> str:
    return " ".join(part for part in readable(text).split(" ") if part).strip()


def _last_boundary(text: str, max_length: int) -> int:
    """Return where to truncate a string: inside a sequence only if that sequence alone exceeds `max_length`."""
    end = max_length
    while end > 0 and _is_inside_sequence(text, end):
        end -= 1
    return end or max_length


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})


def _is_removed(character: str) -> bool:
    if character.isprintable():
        return False
    return character in _OTHERS or unicodedata.category(character) in ("Cc", "Cs") or _is_noncharacter(ord(character))


def _is_noncharacter(point: int) -> bool:
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def _is_variation(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"


def _paired(text: str) -> str:
    """Remove overrides and unpaired embeddings and isolates."""
    removed: set[int] = set()
    open_at: list[int] = []
    isolates = 0
    for at, character in enumerate(text):
        if character in _EMBEDDINGS + _OVERRIDES + _ISOLATES:
            open_at.append(at)
            isolates += character in _ISOLATES
        elif character == _POP:
            _close(at, text, open_at, removed)
        elif character == _POP_ISOLATE and not isolates:
            removed.add(at)
        elif character == _POP_ISOLATE:
            # The end of an isolate closes everything opened inside it.
            while text[open_at[-1]] not in _ISOLATES:
                removed.add(open_at.pop())
            open_at.pop()
            isolates -= 1
    removed.update(open_at)
    return "".join(character for at, character in enumerate(text) if at not in removed)


def _close(at: int, text: str, open_at: list[int], removed: set[int]) -> None:
    if not open_at or text[open_at[-1]] in _ISOLATES:
        removed.add(at)
        return
    start = open_at.pop()
    if text[start] in _OVERRIDES:
        removed.update((start, at))


def _is_inside_sequence(text: str, at: int) -> bool:
    """Return whether the code points before and after a position are parts of one emoji or accented letter."""
    if _continues(text[at]) or text[at - 1] == _JOINER:
        return True
    # A flag is a pair of regional indicators.
    before = text[:at]
    indicators = len(before) - len(before.rstrip(_REGIONAL_INDICATORS))
    return indicators % 2 == 1 and text[at] in _REGIONAL_INDICATORS


def _continues(character: str) -> bool:
    """Return whether a code point combines with the previous one."""
    is_modifier = "\U0001f3fb" <= character <= "\U0001f3ff" or "\U000e0020" <= character <= "\U000e007f"
    return (
        character == _JOINER
        or is_modifier
        or _is_variation(character)
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
    )
