"""Format of API keys: `twitchly_`, 30 random letters and digits, and a checksum of 6."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib

_PREFIX = "twitchly_"
_ALPHABET = string.digits + string.ascii_letters
# 178 random bits; 143 without the visible ones.
_RANDOM_CHARS = 30
_VISIBLE_CHARS = 6
_CHECKSUM_CHARS = 6
_FORMAT = re.compile(rf"{_PREFIX}([0-9A-Za-z]{{{_RANDOM_CHARS}}})([0-9A-Za-z]{{{_CHECKSUM_CHARS}}})", re.ASCII)


def new_secret() -> str:
    """Return a new random key."""
    body = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARS))
    return f"{_PREFIX}{body}{_checksum(body)}"


def has_valid_checksum(text: str) -> bool:
    """Return whether a text has the format and the checksum of a key; a typo fails the checksum."""
    match = _FORMAT.fullmatch(text)
    return match is not None and _checksum(match[1]) == match[2]


def digest_of(secret: str) -> str:
    """Return the stored digest of a key. Keys are random enough to need no salt and no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def visible_prefix(secret: str) -> str:
    """Return the beginning of a key, shown to tell it from others."""
    return secret[: len(_PREFIX) + _VISIBLE_CHARS]


def _checksum(body: str) -> str:
    rest, text = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_CHARS):
        rest, digit = divmod(rest, len(_ALPHABET))
        text = _ALPHABET[digit] + text
    return text
