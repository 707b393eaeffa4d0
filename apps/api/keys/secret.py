"""How a key is written: `twitchly_`, 30 random letters and digits, and 6 that check them."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

_PREFIX = "twitchly_"
_ALPHABET = string.digits + string.ascii_letters
# 178 random bits; without the six letters that are shown, 143.
_RANDOM = 30
_SHOWN = 6
_CHECK = 6
_WRITTEN = re.compile(rf"{_PREFIX}([0-9A-Za-z]{{{_RANDOM}}})([0-9A-Za-z]{{{_CHECK}}})", re.ASCII)


def new_secret() -> str:
    """Return a key that nobody has."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return f"{_PREFIX}{body}{_check(body)}"


def is_written_right(text: str) -> bool:
    """Tell a key from one with a typing error, and from what never was a key."""
    found = _WRITTEN.fullmatch(text)
    return found is not None and _check(found[1]) == found[2]


def digest_of(secret: str) -> str:
    """Return what is kept of a key. It is random enough to need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def shown_of(secret: str) -> str:
    """Return the beginning of a key, by which people tell it from others."""
    return secret[: len(_PREFIX) + _SHOWN]


def _check(body: str) -> str:
    number, written = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK):
        number, place = divmod(number, len(_ALPHABET))
        written = _ALPHABET[place] + written
    return written
