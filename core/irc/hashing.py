"""How a user's id and what he wrote leave the producer: as 64-bit keyed hashes."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from core.irc.counted_text import counted_text


# Few people write most of what is written.
@lru_cache(maxsize=65_536)
def user_hash(user_id: str, key: bytes) -> int:
    """Return the signed 64-bit hash of a user's id under the key of one day."""
    return _hash(user_id, key)


# A wave of copypasta is one text many times.
@lru_cache(maxsize=8_192)
def text_hash(text: str, key: bytes) -> int:
    """Return the signed 64-bit hash of `counted_text` under the key of one day, ignoring case and extra space."""
    return _hash(" ".join(counted_text(text).casefold().split()), key)


def _hash(text: str, key: bytes) -> int:
    digest = hashlib.blake2b(text.encode(errors="replace"), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
