"""A GET of a board passes only through the files listed in docs/subsystems/api.md."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

import httpx
import pytest

from apps.api import lookups
from tests.api.conftest import Api
from tests.web import web
from twitchly.env import ROOT

FILES_MAX = 15
_FOLDERS = tuple(str(ROOT / name) for name in ("apps", "core", "twitchly"))
_is_traced: ContextVar[bool] = ContextVar("_is_traced", default=False)


@contextmanager
def traced_files() -> Iterator[dict[str, None]]:
    """Yield the project's files whose functions run in the block or in tasks that it starts, in call order."""
    files: dict[str, None] = {}

    def record_file(frame: FrameType, event: str, _argument: Any) -> None:
        path = frame.f_code.co_filename
        if event == "call" and _is_traced.get() and path.startswith(_FOLDERS):
            files[str(Path(path).relative_to(ROOT))] = None

    token = _is_traced.set(True)
    sys.setprofile(record_file)
    try:
        yield files
    finally:
        sys.setprofile(None)
        _is_traced.reset(token)


def documented_files() -> list[str]:
    """Return the files listed in the trace table."""
    trace = (ROOT / "docs" / "subsystems" / "api.md").read_text().partition("## Trace")[2]
    return re.findall(r"^\| `([\w/.]+)`", trace, re.MULTILINE)


@pytest.fixture
def lasting_caches(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLIENT_TTL_S", "READING_TTL_S"):
        monkeypatch.setattr(lookups, name, 3_600)


async def test_a_get_of_a_board_passes_through_the_documented_files(lasting_caches: None, api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.secret}"}
    transport = httpx.ASGITransport(web)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers) as client:
        await client.get("/api/v1/boards/viewers")
        with traced_files() as files:
            response = await client.get("/api/v1/boards/viewers")
    assert response.status_code == 200
    assert list(files) == documented_files()
    assert len(files) <= FILES_MAX
