"""The client address is that of the connection, unless a trusted proxy forwards another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from uvicorn.main import main as uvicorn_command

from deploy.local.layout import read_layout
from deploy.local.programs import Simulation, app_programs


async def echo_client(scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": f"{scope['scheme']} {scope['client'][0]}".encode()})


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "http 127.0.0.1"),
        ({"TRUSTED_PROXIES": "10.0.0.7"}, "http 127.0.0.1"),
        ({"TRUSTED_PROXIES": "127.0.0.1"}, "https 10.9.9.9"),
    ],
)
async def test_forwarded_headers_are_trusted_from_configured_proxies_only(
    tmp_path: Path, variables: dict[str, str], expected: str
) -> None:
    layout = read_layout({"TWITCHLY_VAR": str(tmp_path), "SECRET_KEY": "x", **variables})
    web = next(program.command for program in app_programs(layout, Simulation()) if program.name == "web")
    options = uvicorn_command.make_context("uvicorn", list(web[web.index("uvicorn") + 1 :])).params
    trust = {name: options[name] for name in ("proxy_headers", "forwarded_allow_ips")}
    config = uvicorn.Config(echo_client, **trust)
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        headers = {"X-Forwarded-For": "10.9.9.9", "X-Forwarded-Proto": "https"}
        assert (await client.get("/", headers=headers)).text == expected
