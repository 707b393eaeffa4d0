"""The OpenAPI description: valid, compatible with the released one, and usable by client generators."""

from __future__ import annotations

import asyncio
import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from apps.api.description.document import description, description_bytes
from apps.api.management.commands.api_description import RELEASED
from apps.api.rest.urls import urlpatterns
from tests.api.compatibility import breaking_changes
from tests.api.conftest import Api
from tests.api.contract import validator
from tests.web import web


def test_the_description_is_valid_openapi_3_1() -> None:
    assert description()["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(description()).iter_errors()] == []


def test_every_path_is_described_with_its_scope_and_problems() -> None:
    assert len(description()["paths"]) == len(urlpatterns)
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            assert fields["summary"], path
            assert {"400", "406", "429", "500", "503"} <= fields["responses"].keys(), path
            is_open = path == "/api/v1/openapi"
            assert is_open or fields["security"][0]["key"], f"{method} {path}"


def test_every_schema_has_its_own_description() -> None:
    descriptions = {
        name: schema.get("description", "") for name, schema in description()["components"]["schemas"].items()
    }
    texts = [text for name, text in descriptions.items() if not name.endswith("Enum")]
    assert all(texts), [name for name, text in descriptions.items() if not text]
    assert len(set(texts)) == len(texts)


def test_every_operation_has_valid_examples_and_security_requirements() -> None:
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            assert ("security" in fields) and (fields["security"] == []) == (path == "/api/v1/openapi")
            contents = [fields.get("requestBody", {}), *fields["responses"].values()]
            bodies = [body for body in contents if body.get("content")]
            assert bodies, f"{method} {path}"
            for media_type, content in ((m, c) for body in bodies for m, c in body["content"].items()):
                assert content["example"], f"{method} {path} {media_type}"
                validator(orjson.dumps(content["schema"])).validate(content["example"])


def test_the_description_includes_its_license_and_the_headers_of_created_resources() -> None:
    assert description()["info"]["license"]["identifier"] == "MIT"
    created = description()["paths"]["/api/v1/watchlists"]["post"]["responses"]["201"]
    assert {"Location", "ETag"} <= created["headers"].keys()
    assert description()["components"]["headers"]["Location"]["schema"]["format"] == "uri-reference"
    for method in ("patch", "delete"):
        parameters = description()["paths"]["/api/v1/watchlists/{watchlist_id}"][method]["parameters"]
        assert "If-Match" in [parameter["name"] for parameter in parameters]


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(inner)


def test_responses_have_open_strings_instead_of_enums() -> None:
    """A generated client raises an error for a value that is not in an enum, so no value could ever be added to one."""
    schemas = description()["components"]["schemas"]
    responses = [schema for name, schema in schemas.items() if not name.endswith("Request")]
    operations = [fields for methods in description()["paths"].values() for fields in methods.values()]
    parts = list(_parts([responses, [fields["responses"] for fields in operations]]))
    assert [part for part in parts if "enum" in part or "const" in part] == []
    known = [part for part in parts if "x-known-values" in part]
    assert len(known) >= 8
    for part in known:
        assert part["type"] == "string"
        assert all(f"`{value}`" in part["description"] for value in part["x-known-values"])


async def test_the_description_is_served_without_a_key(api: Api) -> None:
    response = await Api().get("openapi.json")
    assert response.content == description_bytes()


def test_the_description_is_compatible_with_the_released_one() -> None:
    """`manage.py api_description` writes docs/openapi-v1.json when an API version is released."""
    assert breaking_changes(orjson.loads(RELEASED.read_bytes()), description()) == []


def _changed(path: list[str], value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = orjson.loads(description_bytes())
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    if value is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


BOARD = ["paths", "/api/v1/boards/{metric}", "get"]
ROW = ["components", "schemas", "BoardRow"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["paths", "/api/v1/status"], None),
        ([*BOARD, "responses", "200", "content", "text/csv"], None),
        ([*BOARD, "parameters"], []),
        ([*ROW, "properties", "value"], None),
        ([*ROW, "properties", "value", "type"], "string"),
        ([*ROW, "required"], ["rank"]),
        ([*ROW, "properties", "moved", "type"], ["string", "null"]),
        (["components", "schemas", "Problem", "properties", "code", "enum"], ["not-found"]),
        (["components", "schemas", "Problem", "properties", "code", "x-known-values"], ["not-found"]),
        (["components", "schemas", "WatchlistBodyRequest", "required"], ["name", "channels"]),
        ([*BOARD, "security"], [{"key": ["read:series"]}]),
    ],
)
def test_breaking_changes_are_detected(path: list[str], value: Any) -> None:
    assert breaking_changes(description(), _changed(path, value))


def test_additions_are_not_breaking_changes() -> None:
    extended = _changed([*ROW, "properties", "more"], {"type": "string"})
    extended["paths"]["/api/v1/new"] = {}
    assert breaking_changes(description(), extended) == []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client generated from the description, as partners generate theirs."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_bytes(description_bytes())
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(folder / "openapi.json")]
    options = ["--meta", "none", "--output-path", str(folder / "twitchly_client"), "--fail-on-warning"]
    # The generator formats its output with ruff.
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    process = subprocess.run([*command, *options], capture_output=True, text=True, cwd=folder, env=env, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("twitchly_client")
    sys.path.remove(str(folder))


def call(client: Any, api: Api, name: str, tag: str, *args: Any, **kwargs: Any) -> Any:
    """Call an operation through the generated client; return its parsed response."""
    module = importlib.import_module(f"twitchly_client.api.{tag}.{name}")
    authenticated = client.AuthenticatedClient(base_url="http://localhost", token=api.secret)
    transport = httpx.ASGITransport(web)
    headers = {"Authorization": f"Bearer {api.secret}"}
    inner = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
    return module.asyncio_detailed(*args, client=authenticated.set_async_httpx_client(inner), **kwargs)


async def test_a_generated_client_reads_boards_channels_and_problems(client: Any, api: Api) -> None:
    board = await call(client, api, "get_board", "boards", "viewers", n=2)
    assert [(row.name, row.value) for row in board.parsed.rows] == [("Beta", 12_418), ("Alpha", 1_000)]
    assert board.parsed.newest_end.tzinfo is not None
    live = await call(client, api, "get_live_values", "channels", "2")
    assert live.parsed.values.viewers == 12_418
    formats = importlib.import_module("twitchly_client.models").StreamLiveFormat
    both = await call(client, api, "stream_live", "live", channels="2,1", format_=formats.JSON)
    assert [(item.channel_id, item.values.viewers) for item in both.parsed.items] == [("2", 12_418), ("1", 1_000)]
    metrics = await call(client, api, "list_metrics", "about")
    assert {metric.key for metric in metrics.parsed.items} >= {"viewers", "spam"}
    problem = await call(client, api, "get_channel", "channels", "99")
    assert (problem.status_code, problem.parsed.code) == (404, "not-found")


def test_a_generated_client_reads_unknown_values(client: Any) -> None:
    models = importlib.import_module("twitchly_client.models")
    fields = {"type": "t", "title": "t", "status": 400, "detail": "d", "request_id": "r", "code": "added-later"}
    assert models.Problem.from_dict(fields).code == "added-later"


async def test_a_generated_client_writes_watchlists(client: Any, api: Api) -> None:
    models = importlib.import_module("twitchly_client.models")
    body = models.WatchlistBodyRequest(name="Chess", channels=["1"])
    created = await call(client, api, "create_watchlist", "lists", body=body)
    assert (created.status_code, created.parsed.channels) == (201, ["1"])
    change = models.PatchedWatchlistChangeRequest(name="Go")
    changed = await call(client, api, "change_watchlist", "lists", created.parsed.id, body=change)
    assert changed.parsed.name == "Go"
    deleted = await call(client, api, "delete_watchlist", "lists", created.parsed.id)
    assert deleted.status_code == 204
    assert (await asyncio.wait_for(call(client, api, "list_watchlists", "lists"), 60)).parsed.items == []
