"""The URLs of all pages, with placeholder parameters."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

# Placeholder values by URL parameter.
PLACEHOLDERS: dict[str, object] = {
    "channel_id": "1",
    "what": "windows",
    "form": "csv",
    "started_ms": 1_700_000_000_000,
    "token": "made-up",
    "step": 1,
    "key": "1:made-up",
}


def page_urls(**ids: int) -> Iterator[tuple[str, str]]:
    """Yield the name and the URL of every page; `ids` are the parameters that identify objects of an account."""
    for name, parameters in _names(get_resolver().url_patterns):
        yield (
            name,
            _url(name, {parameter: ids.get(parameter, PLACEHOLDERS.get(parameter, 1)) for parameter in parameters}),
        )


def _names(
    patterns: list[URLPattern | URLResolver], prefix: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the name and the parameters of each page. The admin site and the API have their own tests."""
    for pattern in patterns:
        parameters = (*prefix, *pattern.pattern.regex.groupindex)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from _names(pattern.url_patterns, parameters)
        elif pattern.name:
            yield pattern.name, parameters


def _url(name: str, parameters: dict[str, object]) -> str:
    """Return a page's URL. Exports accept different values of `what`, of which the first valid one is used."""
    for what in (parameters.get("what"), "lines", "now"):
        try:
            return reverse(name, kwargs=parameters | ({"what": what} if "what" in parameters else {}))
        except NoReverseMatch:
            continue
    raise NoReverseMatch(name)
