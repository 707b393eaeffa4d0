"""Postprocessing of the OpenAPI description: everything that is not specific to one operation."""

from __future__ import annotations

from typing import Any

from apps.api.description.examples import add_examples
from apps.api.description.schema import HEADERS
from apps.api.problems import PROBLEM_TYPES
from apps.api.rest.fields import open_text_schema, with_known_values
from apps.api.scopes import SCOPE_DESCRIPTIONS
from core.metrics.formulas import COMPLETE_FROM

_INTRODUCTION = f"""\
Live and historical metrics of Twitch channels, computed from chat and Twitch's API. Every value comes with its
coverage.

- Times are in UTC, in ISO 8601 format, and end with `Z`. Unknown values are absent or null, never 0.
- `coverage` is the share of the time in which the channel was heard, 0 to 1. Below {COMPLETE_FROM}, counts are lower
  bounds.
- Paginated lists have the field `next`. Send its value as `cursor` to get the next page. It is null on the last page.
- Fields with `x-known-values` may get additional values. Treat unknown values conservatively.
- `If-Match` accepts `*` and the current ETag of a watchlist. Any other value returns 412, and nothing changes.
- Every error is a problem document (RFC 9457) with a stable `code`; the header `X-Request-Id` identifies the request.
- Figures come from Twitch's public chat and API. Twitchly is not affiliated with Twitch.
"""

TAGS = {
    "About": "Metrics, data freshness and this description.",
    "Boards": "Channels ranked by a metric right now.",
    "Channels": "Channels and their live values.",
    "History": "Series, events and broadcasts of a channel.",
    "Live": "Values pushed every second.",
    "Lists": "Watchlists and segments in your account.",
}


def complete(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the introduction, license, tags, headers, security and the Problem schema to the description."""
    result["info"]["description"] = _INTRODUCTION
    result["info"]["license"] = {"name": "MIT", "identifier": "MIT"}
    result["servers"] = [{"url": "/", "description": "This instance"}]
    result["tags"] = [{"name": name, "description": description} for name, description in TAGS.items()]
    components = result["components"]
    components["headers"] = dict(HEADERS)
    components["securitySchemes"] = {
        "key": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "twitchly_…",
            "description": "An API key of your account. Scopes: "
            + "; ".join(f"`{scope}`: {description}" for scope, description in SCOPE_DESCRIPTIONS.items())
            + ".",
        }
    }
    components["schemas"] = dict(sorted({**components["schemas"], "Problem": _problem()}.items()))
    add_examples(result)
    return result


def _problem() -> dict[str, Any]:
    text = {"type": "string"}
    field_error = {
        "type": "object",
        "properties": {
            "field": {**text, "description": "Empty if the error concerns the whole body or query."},
            "reason": text,
        },
        "required": ["field", "reason"],
    }
    return {
        "type": "object",
        "description": "Problem details of a failed request.",
        "properties": {
            "type": {
                **text,
                "format": "uri-reference",
                "description": "Link to the documentation of the problem code.",
            },
            "title": text,
            "status": {"type": "integer"},
            "detail": {**text, "description": "Cause of the error, and how to resolve it."},
            "code": {**open_text_schema(list(PROBLEM_TYPES)), "description": with_known_values(list(PROBLEM_TYPES))},
            "request_id": text,
            "errors": {"type": "array", "items": field_error, "description": "Errors in individual fields."},
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    }
