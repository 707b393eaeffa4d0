"""HEAD requests. Link previews, monitors and download managers send them first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RegexPattern

from apps.accounts.models import User
from apps.dashboard.shares.links import create_link, token_of
from tests.dashboard.conftest import EMAIL, Boards
from tests.staff import staff_client

VALUES = {"int": "1", "str": "x", "path": "x", "slug": "x", "uuid": "00000000-0000-0000-0000-000000000000"}


def urls(patterns: list[Any], before: str = "/") -> Iterator[str]:
    """Yield a URL for every pattern in the URL configuration."""
    for item in patterns:
        url = before + filled(item)
        if isinstance(item, URLResolver):
            yield from urls(item.url_patterns, url)
        else:
            yield url


def filled(item: URLPattern | URLResolver) -> str:
    """Return a pattern with a value for each argument."""
    text = str(item.pattern)
    if isinstance(item.pattern, RegexPattern):
        text = re.sub(r"\(\?P<\w+>\(?([^)|]*)[^)]*\)\)?", lambda group: plain(group[1]), text)
        return re.sub(r"^\^|\\Z|\$$", "", text).replace("\\", "")
    return re.sub(r"<(?:(\w+):)?\w+>", lambda result: VALUES.get(result[1] or "str", "x"), text)


def plain(group: str) -> str:
    """Return a string that matches the first alternative of a group."""
    return re.sub(r"\[\^?[^]]*\](?:\{[^}]*\}|[+*])?|\\?\.[*+]|\\w\+", "1", group)


URLS = sorted(set(urls(get_resolver().url_patterns)))


def test_the_url_walk_includes_the_pages() -> None:
    assert {"/", "/compare", "/discover", "/w/x", "/s/x", "/healthz", "/discover.csv", "/board.csv"} <= set(URLS)
    assert len(URLS) > 100


@pytest.mark.parametrize("visitor", ["stranger", "account", "superuser"])
def test_head_returns_the_status_of_get(boards: Boards, signed_in: Client, visitor: str) -> None:
    client = {"stranger": Client, "account": lambda: signed_in, "superuser": staff_client}[visitor]()
    client.raise_request_exception = False
    differing = {}
    # Sign-out would end the session that the next request needs.
    for url in (item for item in URLS if "logout" not in item):
        response, head = client.get(url), client.head(url)
        if response.status_code != head.status_code:
            differing[url] = (response.status_code, head.status_code)
    assert differing == {}


def test_head_of_an_export_reads_no_rows(boards: Boards, signed_in: Client) -> None:
    for url in ("/board.csv", "/discover.ndjson"):
        response, head = signed_in.get(url), signed_in.head(url)
        assert not head.streaming
        assert (head.status_code, head["Content-Type"]) == (200, response["Content-Type"])
        assert head["Content-Disposition"].split("-")[0] == response["Content-Disposition"].split("-")[0]


def test_head_of_a_share_link_is_not_counted(boards: Boards, signed_in: Client) -> None:
    owner = User.objects.get(email=EMAIL)
    for kind, path in (("page", "s"), ("widget", "w")):
        link = create_link(owner=owner, kind=kind, view="channel", title="a", query="channel=1")
        assert Client().head(f"/{path}/{token_of(link)}").status_code == 200
        link.refresh_from_db()
        assert link.opened == 0
        assert Client().get(f"/{path}/{token_of(link)}").status_code == 200
        link.refresh_from_db()
        assert link.opened == 1
