"""HEAD is answered wherever GET is: link previews, monitors and download managers ask so first."""

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


def addresses(patterns: list[Any], before: str = "/") -> Iterator[str]:
    """Yield an address of every pattern of the URL configuration."""
    for one in patterns:
        address = before + filled(one)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, address)
        else:
            yield address


def filled(one: URLPattern | URLResolver) -> str:
    """Return a pattern's part of an address with something in the place of each argument."""
    text = str(one.pattern)
    if isinstance(one.pattern, RegexPattern):
        text = re.sub(r"\(\?P<\w+>\(?([^)|]*)[^)]*\)\)?", lambda group: plain(group[1]), text)
        return re.sub(r"^\^|\\Z|\$$", "", text).replace("\\", "")
    return re.sub(r"<(?:(\w+):)?\w+>", lambda found: VALUES.get(found[1] or "str", "x"), text)


def plain(group: str) -> str:
    """Return a text that the first choice of a group matches."""
    return re.sub(r"\[\^?[^]]*\](?:\{[^}]*\}|[+*])?|\\?\.[*+]|\\w\+", "1", group)


ADDRESSES = sorted(set(addresses(get_resolver().url_patterns)))


def test_the_walk_finds_the_pages() -> None:
    assert {"/", "/compare", "/discover", "/w/x", "/s/x", "/healthz", "/discover.csv", "/board.csv"} <= set(ADDRESSES)
    assert len(ADDRESSES) > 100


@pytest.mark.parametrize("who", ["stranger", "account", "superuser"])
def test_head_is_answered_as_get_is(boards: Boards, signed_in: Client, who: str) -> None:
    client = {"stranger": Client, "account": lambda: signed_in, "superuser": staff_client}[who]()
    client.raise_request_exception = False
    differing = {}
    # Signing out would end the session that the next request needs.
    for address in (one for one in ADDRESSES if "logout" not in one):
        asked, head = client.get(address), client.head(address)
        if asked.status_code != head.status_code:
            differing[address] = (asked.status_code, head.status_code)
    assert differing == {}


def test_head_of_a_file_reads_nothing_for_a_body_that_is_not_sent(boards: Boards, signed_in: Client) -> None:
    for address in ("/board.csv", "/discover.ndjson"):
        asked, head = signed_in.get(address), signed_in.head(address)
        assert not head.streaming
        assert (head.status_code, head["Content-Type"]) == (200, asked["Content-Type"])
        assert head["Content-Disposition"].split("-")[0] == asked["Content-Disposition"].split("-")[0]


def test_head_of_a_share_link_is_no_opening(boards: Boards, signed_in: Client) -> None:
    owner = User.objects.get(email=EMAIL)
    for kind, path in (("page", "s"), ("widget", "w")):
        link = create_link(owner=owner, kind=kind, view="channel", title="a", query="channel=1")
        assert Client().head(f"/{path}/{token_of(link)}").status_code == 200
        link.refresh_from_db()
        assert link.opened == 0
        assert Client().get(f"/{path}/{token_of(link)}").status_code == 200
        link.refresh_from_db()
        assert link.opened == 1
