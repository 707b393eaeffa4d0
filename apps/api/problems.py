"""API errors: problem details (RFC 9457) with stable codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import Http404, HttpResponse
from rest_framework import exceptions

from core.errors import NotFound, Refused, ServiceUnavailable, TwitchlyError
from core.inputs.names import RefusedName
from twitchly import request_counts

MEDIA_TYPE = "application/problem+json"
# Prefix of the links to the documentation of each code in the API reference.
DOCS_PREFIX = "/api/#problem-"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A problem type: its HTTP status and title."""

    status: int
    title: str


PROBLEM_TYPES: Mapping[str, ProblemType] = {
    "invalid-request": ProblemType(400, "Invalid request"),
    "no-key": ProblemType(401, "Missing API key"),
    "bad-key": ProblemType(401, "Malformed API key"),
    "unknown-key": ProblemType(401, "Unknown API key"),
    "expired-key": ProblemType(401, "Expired API key"),
    "revoked-key": ProblemType(401, "Revoked API key"),
    "https-only": ProblemType(403, "HTTPS required"),
    "missing-scope": ProblemType(403, "Missing scope"),
    "not-found": ProblemType(404, "Not found"),
    "method-not-allowed": ProblemType(405, "Method not allowed"),
    "not-acceptable": ProblemType(406, "Format not available"),
    "refused": ProblemType(409, "Conflict with the current state"),
    "precondition-failed": ProblemType(412, "Precondition failed"),
    "body-too-large": ProblemType(413, "Request body too large"),
    "unsupported-media-type": ProblemType(415, "Unsupported media type"),
    "too-many-requests": ProblemType(429, "Too many requests"),
    "day-used-up": ProblemType(429, "Daily limit reached"),
    "too-many-guesses": ProblemType(429, "Too many invalid keys"),
    "too-many-streams": ProblemType(429, "Too many live connections"),
    "internal-error": ProblemType(500, "Internal error"),
    "service-away": ProblemType(503, "Service unavailable"),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """An invalid field of a request; `field` is "" if the error concerns the whole request."""

    field: str
    reason: str


@dataclass(eq=False)
class Problem(TwitchlyError):
    """A failed request; `detail` tells the user what happened and what to do."""

    code: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def invalid_request(errors: Iterable[FieldError]) -> Problem:
    """Return the problem for a request with invalid fields."""
    return Problem("invalid-request", "Some values are invalid; see “errors”.", list(errors))


def invalid_field(field: str, reason: str) -> Problem:
    """Return the problem for a request with one invalid field."""
    return invalid_request([FieldError(field, reason)])


def problem_response(problem: Problem) -> HttpResponse:
    """Return the response for a problem."""
    problem_type = PROBLEM_TYPES[problem.code]
    fields: dict[str, Any] = {
        "type": f"{DOCS_PREFIX}{problem.code}",
        "title": problem_type.title,
        "status": problem_type.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_counts.request_id(),
    }
    if problem.errors:
        fields["errors"] = [{"field": error.field, "reason": error.reason} for error in problem.errors]
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem_type.status == 401:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="Twitchly"')
    response = HttpResponse(orjson.dumps(fields), content_type=MEDIA_TYPE, status=problem_type.status, headers=headers)
    response.problem_code = problem.code  # type: ignore[attr-defined]  # read where responses are counted
    return response


def exception_handler(error: Exception, _context: Any) -> HttpResponse | None:
    """Return the response for a view's exception, or None for an unexpected one. A hook of Django REST framework."""
    problem = problem_of(error)
    return None if problem is None else problem_response(problem)


def problem_of(error: Exception) -> Problem | None:
    """Return the problem to report for an exception, or None for an unexpected one."""
    match error:
        case Problem():
            return error
        case exceptions.UnsupportedMediaType():
            return Problem("unsupported-media-type", "Send the body as application/json.")
        case exceptions.ParseError():
            return Problem("invalid-request", str(error.detail))
        case NotFound() | Http404():
            return Problem("not-found", str(error))
        case RefusedName():
            return invalid_field("name", str(error))
        case Refused():
            return Problem("refused", str(error))
        case SuspiciousOperation() | BadRequest():
            return Problem("invalid-request", str(error) or "The request is malformed.")
        case ServiceUnavailable():
            detail = "The data for this response is unavailable."
            return Problem("service-away", detail, headers={"Retry-After": "2"})
    return None
