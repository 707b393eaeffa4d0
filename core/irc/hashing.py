"""64-bit keyed hashes of user ids and message texts."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from core.irc.counted_text import counted_text


# A few users write most of the messages.
@lru_cache(maxsize=65_536)
def user_hash(user_id: str, key: bytes) -> int:
    """Return the signed 64-bit hash of a user id under a day's key."""
    return _hash(user_id, key)


# Copypasta repeats one text many times.
@lru_cache(maxsize=8_192)
def text_hash(text: str, key: bytes) -> int:
    """Return the signed 64-bit hash of the `counted_text` under a day's key, ignoring case and extra white space."""
    return _hash(" ".join(counted_text(text).casefold().split()), key)


def _hash(text: str, key: bytes) -> int:
    digest = hashlib.blake2b(text.encode(errors="replace"), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
