"""Text that a database cannot store causes a client error."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.dashboard.conftest import Boards

URLS = (
    "/find?q=%00a",
    "/find.json?q=%00a",
    "/compare?channels=1&add=%00a",
    "/discover?category=%00",
    "/channels/%00/series",
    "/?channel=%00",
)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", URLS)
def test_nul_characters_in_urls_return_a_client_error(boards: Boards, signed_in: Client, url: str) -> None:
    assert signed_in.get(url).status_code in (200, 302, 400, 404)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", ["a\0b", "a" * 5_000])
def test_names_that_cannot_be_stored_return_a_client_error(boards: Boards, signed_in: Client, name: str) -> None:
    for url in ("/watchlists", "/discover/segments"):
        response = signed_in.post(url, {"name": name, "query": "category=Chess", "channel": "1"})
        assert response.status_code in (200, 302, 400, 404, 409)
