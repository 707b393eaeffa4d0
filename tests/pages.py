"""Normalization of pages, so that tests do not depend on the indentation of templates."""

from __future__ import annotations

import re
from typing import Protocol

_TAG = re.compile(r"""<(/?[a-zA-Z][\w-]*)((?:\s+[^\s"'=<>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?)*)\s*/?>""")
_ATTRIBUTE = re.compile(r"""[^\s"'=<>/]+(?:=(?:"[^"]*"|'[^']*'|[^\s"'<>]+))?""")
_AFTER_OPENING_TAG = re.compile(r"(<[a-zA-Z][^<>]*>) ")
_BEFORE_CLOSING_TAG = re.compile(r" (</)")
_BETWEEN_TAGS = re.compile(r"> <")


class Response(Protocol):
    @property
    def content(self) -> bytes: ...


def read_page(response: Response) -> str:
    """Return the HTML of a page with normalized spaces: none next to tags, one between attributes."""
    text = _TAG.sub(_normalize_tag, response.content.decode())
    text = " ".join(text.split())
    for pattern, replacement in ((_AFTER_OPENING_TAG, r"\1"), (_BEFORE_CLOSING_TAG, r"\1"), (_BETWEEN_TAGS, "><")):
        text = pattern.sub(replacement, text)
    return text


def _normalize_tag(match: re.Match[str]) -> str:
    attributes = [" ".join(attribute.split()) for attribute in _ATTRIBUTE.findall(match[2])]
    return f"<{' '.join([match[1], *attributes])}>"
