"""Why the API does not do what it was asked to: problem details, RFC 9457, with codes that stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.http import HttpResponse

from core.errors import TwitchlyError

MEDIA_TYPE = "application/problem+json"
# Where each code is explained.
EXPLAINED = "/api/#problem-"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: its status and what it is called."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "invalid-request": Kind(400, "The request is not valid"),
    "no-key": Kind(401, "There is no key"),
    "bad-key": Kind(401, "The key is not written right"),
    "unknown-key": Kind(401, "Nobody has this key"),
    "expired-key": Kind(401, "The key has expired"),
    "revoked-key": Kind(401, "The key was revoked"),
    "https-only": Kind(403, "HTTPS is needed"),
    "missing-scope": Kind(403, "The key may not do this"),
    "not-found": Kind(404, "There is no such thing"),
    "method-not-allowed": Kind(405, "The method is not allowed here"),
    "not-acceptable": Kind(406, "There is no such format"),
    "refused": Kind(409, "It cannot be done as it stands"),
    "precondition-failed": Kind(412, "It has changed"),
    "body-too-large": Kind(413, "The body is too large"),
    "unsupported-media-type": Kind(415, "The body is of another type"),
    "too-many-requests": Kind(429, "Too many requests"),
    "day-used-up": Kind(429, "The requests of this day are used up"),
    "too-many-guesses": Kind(429, "Too many unknown keys"),
    "too-many-streams": Kind(429, "Too many open streams"),
    "internal-error": Kind(500, "A fault of ours"),
    "service-away": Kind(503, "Something behind the API is away"),
}


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with one field of a request; `field` is "" where it is about all of it."""

    field: str
    reason: str


@dataclass(eq=False)
class Problem(TwitchlyError):
    """A request that ends with a problem; `detail` is for people and says what to do."""

    code: str
    detail: str
    errors: Sequence[Wrong] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def answer(problem: Problem, request_id: str) -> HttpResponse:
    """Return the problem as an answer."""
    kind = KINDS[problem.code]
    fields: dict[str, Any] = {
        "type": f"{EXPLAINED}{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        fields["errors"] = [{"field": wrong.field, "reason": wrong.reason} for wrong in problem.errors]
    headers = {"Cache-Control": "no-store", **problem.headers}
    if kind.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="Twitchly"')
    return HttpResponse(orjson.dumps(fields), content_type=MEDIA_TYPE, status=kind.status, headers=headers)
