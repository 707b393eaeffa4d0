"""Remove code points that hide or reorder text: one rule for titles, categories, names and notes.

Removed: controls, halves of surrogate pairs, non-characters, bidirectional overrides, and unpaired embeddings and
isolates. Kept, although invisible alone: joiners, variation selectors, the tag sequences of flags and directional
marks; and letters that are newer than this Python's Unicode tables.
Source: Unicode Standard, 23 "Special Areas and Format Characters"; UAX #9 "Bidirectional Algorithm"; UTS #51 "Emoji".
"""

from __future__ import annotations

import unicodedata

_LINE_ENDS = dict.fromkeys(map(ord, "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"), " ")
_EMBEDDINGS, _OVERRIDES, _ISOLATES = "\u202a\u202b", "\u202d\u202e", "\u2066\u2067\u2068"
_POP, _POP_ISOLATE = "\u202c", "\u2069"
_BIDI = frozenset(_EMBEDDINGS + _OVERRIDES + _ISOLATES + _POP + _POP_ISOLATE)
# Annotation characters hide the text they enclose; the others are deprecated and have no effect.
_OTHERS = frozenset(map(chr, (*range(0x206A, 0x2070), *range(0xFFF9, 0xFFFC), 0xE0001)))
# Letters and symbols that are drawn as nothing: a name needs more than these.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
_JOINER = "\u200d"


def readable(text: str) -> str:
    """Return text without the code points that hide or reorder text; line ends become spaces."""
    kept = "".join(one for one in text.translate(_LINE_ENDS) if not _goes(one))
    return _paired(kept) if _BIDI.intersection(kept) else kept


def one_line(text: str, most: int | None = None) -> str:
    """Return readable text without needless spaces, of at most `most` code points."""
    line = " ".join(part for part in readable(text).split(" ") if part).strip()
    return line if most is None else cut(line, most).strip()


def cut(text: str, most: int) -> str:
    """Return the beginning of a readable text, of at most `most` code points; no emoji or accent is parted."""
    if len(text) <= most:
        return text
    end = most
    while end > 0 and (_continues(text[end]) or text[end - 1] == _JOINER):
        end -= 1
    # What began before the cut may have ended behind it.
    return readable(text[: end or most])


def is_blank(text: str) -> bool:
    """Tell whether a text shows nothing."""
    return all(one in _BLANKS or _is_variation(one) or unicodedata.category(one) in _INVISIBLE for one in text)


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zs", "Zl", "Zp"})


def _goes(one: str) -> bool:
    if one.isprintable():
        return False
    return one in _OTHERS or unicodedata.category(one) in ("Cc", "Cs") or _is_noncharacter(ord(one))


def _is_noncharacter(point: int) -> bool:
    return 0xFDD0 <= point <= 0xFDEF or point & 0xFFFE == 0xFFFE


def _is_variation(one: str) -> bool:
    return "\ufe00" <= one <= "\ufe0f" or "\U000e0100" <= one <= "\U000e01ef"


def _paired(text: str) -> str:
    """Return text without overrides, and without embeddings and isolates that do not end, or end what never began."""
    gone: set[int] = set()
    open_at: list[int] = []
    isolates = 0
    for at, one in enumerate(text):
        if one in _EMBEDDINGS + _OVERRIDES + _ISOLATES:
            open_at.append(at)
            isolates += one in _ISOLATES
        elif one == _POP:
            _close(at, text, open_at, gone)
        elif one == _POP_ISOLATE and not isolates:
            gone.add(at)
        elif one == _POP_ISOLATE:
            # The end of an isolate ends all that began within it.
            while text[open_at[-1]] not in _ISOLATES:
                gone.add(open_at.pop())
            open_at.pop()
            isolates -= 1
    gone.update(open_at)
    return "".join(one for at, one in enumerate(text) if at not in gone)


def _close(at: int, text: str, open_at: list[int], gone: set[int]) -> None:
    if not open_at or text[open_at[-1]] in _ISOLATES:
        gone.add(at)
        return
    start = open_at.pop()
    if text[start] in _OVERRIDES:
        gone.update((start, at))


def _continues(one: str) -> bool:
    """Tell whether a code point belongs to the one before it."""
    is_modifier = "\U0001f3fb" <= one <= "\U0001f3ff" or "\U000e0020" <= one <= "\U000e007f"
    return one == _JOINER or is_modifier or _is_variation(one) or unicodedata.category(one) in ("Mn", "Me", "Mc")
