"""Removes invisible characters, which clients append to repeated messages, from text before it is counted.

Used only for word counts and text hashes. Displayed text keeps these characters, because they join emoji and shape
letters.
"""

from __future__ import annotations

import re
from typing import Final

from core.irc.default_ignorable import RANGES

# Blank in every font, though Unicode calls them symbols or letters: BRAILLE PATTERN BLANK and HANGUL FILLER.
_BLANKS = "\u2800\u3164"
_UNSEEN: Final = re.compile(f"[{_BLANKS}{''.join(f'{chr(first)}-{chr(last)}' for first, last in RANGES)}]")


def counted_text(text: str) -> str:
    """Remove characters without a visible form."""
    return text if text.isascii() else _UNSEEN.sub("", text)
