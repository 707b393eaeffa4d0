"""A message's text as it is counted: without the characters that clients append to repeat a text unnoticed.

For words and text hashes alone: a text that is displayed keeps them, because they join emoji and shape scripts.
"""

from __future__ import annotations

import re
from typing import Final

from core.irc.default_ignorable import RANGES

# Blank in every font, though Unicode calls them symbols or letters: BRAILLE PATTERN BLANK and HANGUL FILLER.
_BLANKS = "\u2800\u3164"
_UNSEEN: Final = re.compile(f"[{_BLANKS}{''.join(f'{chr(first)}-{chr(last)}' for first, last in RANGES)}]")


def counted_text(text: str) -> str:
    """Return `text` without the characters that have no visible form."""
    return text if text.isascii() else _UNSEEN.sub("", text)
