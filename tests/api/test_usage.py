"""Requests are counted for the account that owns their key."""

from __future__ import annotations

from typing import Any

import pytest
from asgiref.sync import sync_to_async

from apps.api.lookups import Readings
from apps.api.models import Usage
from tests.api.conftest import Api, new_key
from tests.dashboard.conftest import Boards
from tests.web import web


async def _fail(*_: Any) -> None:
    raise RuntimeError("a defect")


async def test_requests_of_a_key_are_counted_by_outcome(
    boards: Boards, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, secret = await sync_to_async(new_key)()
    _, other_secret = await sync_to_async(new_key)("other@example.com")
    async with web.run():
        api = Api(secret)
        assert (await api.get("boards/viewers")).status_code == 200
        assert (await api.get("boards/nobody")).status_code == 404
        assert (await Api(other_secret).get("boards/viewers")).status_code == 200
        assert (await Api().get("boards/viewers")).status_code == 401
        monkeypatch.setattr(Readings, "of_board", _fail)
        assert (await api.get("boards/viewers")).status_code == 500
    rows = [row async for row in Usage.objects.filter(key=key)]
    assert (sum(row.requests for row in rows), sum(row.errors for row in rows)) == (3, 2)
