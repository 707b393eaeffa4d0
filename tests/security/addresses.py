"""Every address of the pages, with parts that can be anything."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

# What stands in an address, by its name; ids are set by who asks.
PARTS: dict[str, object] = {
    "channel_id": "1",
    "what": "windows",
    "form": "csv",
    "started_ms": 1_700_000_000_000,
    "token": "made-up",
    "step": 1,
    "key": "1:made-up",
}


def addresses(**ids: int) -> Iterator[tuple[str, str]]:
    """Yield the name and the address of every page; `ids` are the parts that name things of an account."""
    for name, wanted in names(get_resolver().url_patterns):
        yield name, made(name, {part: ids.get(part, PARTS.get(part, 1)) for part in wanted})


def names(
    listed: list[URLPattern | URLResolver], before: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each page's name and its address's parts: the admin and the API look after themselves."""
    for one in listed:
        parts = (*before, *one.pattern.regex.groupindex)
        if isinstance(one, URLResolver):
            if one.app_name != "admin":
                yield from names(one.url_patterns, parts)
        elif one.name:
            yield one.name, parts


def made(name: str, parts: dict[str, object]) -> str:
    """Return an address, with the other thing that can be taken along where there are two."""
    for what in (parts.get("what"), "lines", "now"):
        try:
            return reverse(name, kwargs=parts | ({"what": what} if "what" in parts else {}))
        except NoReverseMatch:
            continue
    raise NoReverseMatch(name)
