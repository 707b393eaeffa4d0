"""The description as it is served."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

import orjson
from drf_spectacular.generators import SchemaGenerator


@cache
def description() -> dict[str, Any]:
    """Return the description of this version."""
    generator: Any = SchemaGenerator  # it has no types
    found: dict[str, Any] = generator(urlconf="apps.api.rest.urls").get_schema(request=None, public=True)
    return found


@cache
def description_bytes() -> bytes:
    """Return it as JSON, indented for people."""
    return orjson.dumps(description(), option=orjson.OPT_INDENT_2) + b"\n"


@cache
def description_digest() -> bytes:
    """Return what tells this description from those of other releases."""
    return hashlib.blake2b(description_bytes(), digest_size=12).digest()
