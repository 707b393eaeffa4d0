"""The description: valid, as released, and what clients are made of."""

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
from tests.api.additions import removed
from tests.api.conftest import Api
from tests.api.described import validator
from twitchly.entry.asgi import application


def test_the_description_is_valid_openapi_3_1() -> None:
    assert description()["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(description()).iter_errors()] == []


def test_every_address_is_described_with_its_scope_and_its_problems() -> None:
    assert len(description()["paths"]) == len(urlpatterns)
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            assert fields["summary"], path
            assert {"400", "406", "429", "500", "503"} <= fields["responses"].keys(), path
            is_open = path == "/api/v1/openapi"
            assert is_open or fields["security"][0]["key"], f"{method} {path}"


def test_every_shape_is_described_in_words_of_its_own() -> None:
    said = {name: shape.get("description", "") for name, shape in description()["components"]["schemas"].items()}
    described = [text for name, text in said.items() if not name.endswith("Enum")]
    assert all(described), [name for name, text in said.items() if not text]
    assert len(set(described)) == len(described)


def test_every_operation_has_examples_that_fit_and_its_own_security() -> None:
    for path, methods in description()["paths"].items():
        for method, fields in methods.items():
            assert ("security" in fields) and (fields["security"] == []) == (path == "/api/v1/openapi")
            contents = [fields.get("requestBody", {}), *fields["responses"].values()]
            done = [one for one in contents if one.get("content")]
            assert done, f"{method} {path}"
            for media_type, content in ((m, c) for one in done for m, c in one["content"].items()):
                assert content["example"], f"{method} {path} {media_type}"
                validator(orjson.dumps(content["schema"])).validate(content["example"])


def test_the_description_names_its_license_and_what_a_created_resource_has() -> None:
    assert description()["info"]["license"]["identifier"] == "MIT"
    created = description()["paths"]["/api/v1/watchlists"]["post"]["responses"]["201"]
    assert {"Location", "ETag"} <= created["headers"].keys()
    assert description()["components"]["headers"]["Location"]["schema"]["format"] == "uri-reference"
    for method in ("patch", "delete"):
        parameters = description()["paths"]["/api/v1/watchlists/{watchlist_id}"][method]["parameters"]
        assert "If-Match" in [one["name"] for one in parameters]


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
    for inner in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from _parts(inner)


def test_answers_have_open_texts_and_no_closed_enums() -> None:
    """A generated client raises on a value that an enum does not list, so no value could ever be added."""
    schemas = description()["components"]["schemas"]
    answers = [schema for name, schema in schemas.items() if not name.endswith("Request")]
    operations = [fields for methods in description()["paths"].values() for fields in methods.values()]
    parts = list(_parts([answers, [fields["responses"] for fields in operations]]))
    assert [part for part in parts if "enum" in part or "const" in part] == []
    known = [part for part in parts if "x-known-values" in part]
    assert len(known) >= 8
    for part in known:
        assert part["type"] == "string"
        assert all(f"`{value}`" in part["description"] for value in part["x-known-values"])


async def test_the_description_is_served_to_everybody(api: Api) -> None:
    response = await Api().get("openapi.json")
    assert response.content == description_bytes()


def test_only_additions_to_what_was_released() -> None:
    """Once a version is released, `manage.py api_description` writes it to docs/openapi-v1.json."""
    assert removed(orjson.loads(RELEASED.read_bytes()), description()) == []


def _changed(path: list[str], value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = orjson.loads(description_bytes())
    place = changed
    for name in path[:-1]:
        place = place[name]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
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
def test_what_partners_rely_on_cannot_go_unnoticed(path: list[str], value: Any) -> None:
    assert removed(description(), _changed(path, value))


def test_what_is_added_is_no_loss() -> None:
    more = _changed([*ROW, "properties", "more"], {"type": "string"})
    more["paths"]["/api/v1/new"] = {}
    assert removed(description(), more) == []


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client that is generated of the description, as a partner would."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "openapi.json").write_bytes(description_bytes())
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--path", str(folder / "openapi.json")]
    options = ["--meta", "none", "--output-path", str(folder / "twitchly_client"), "--fail-on-warning"]
    # It formats what it writes with ruff.
    env = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=folder, env=env, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield importlib.import_module("twitchly_client")
    sys.path.remove(str(folder))


def called(client: Any, api: Api, name: str, tag: str, *args: Any, **kwargs: Any) -> Any:
    """Call an operation by the generated client; return the answer as it understands it."""
    module = importlib.import_module(f"twitchly_client.api.{tag}.{name}")
    authenticated = client.AuthenticatedClient(base_url="http://localhost", token=api.secret)
    transport = httpx.ASGITransport(application)
    headers = {"Authorization": f"Bearer {api.secret}"}
    inner = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
    return module.asyncio_detailed(*args, client=authenticated.set_async_httpx_client(inner), **kwargs)


async def test_a_generated_client_reads_boards_channels_and_problems(client: Any, api: Api) -> None:
    board = await called(client, api, "get_board", "boards", "viewers", n=2)
    assert [(row.name, row.value) for row in board.parsed.rows] == [("Beta", 12_418), ("Alpha", 1_000)]
    assert board.parsed.newest_end.tzinfo is not None
    live = await called(client, api, "get_live_values", "channels", "2")
    assert live.parsed.values.viewers == 12_418
    metrics = await called(client, api, "list_metrics", "about")
    assert {metric.key for metric in metrics.parsed.items} >= {"viewers", "spam"}
    problem = await called(client, api, "get_channel", "channels", "99")
    assert (problem.status_code, problem.parsed.code) == (404, "not-found")


def test_a_generated_client_reads_values_that_it_does_not_know(client: Any) -> None:
    models = importlib.import_module("twitchly_client.models")
    fields = {"type": "t", "title": "t", "status": 400, "detail": "d", "request_id": "r", "code": "added-later"}
    assert models.Problem.from_dict(fields).code == "added-later"


async def test_a_generated_client_writes_watchlists(client: Any, api: Api) -> None:
    models = importlib.import_module("twitchly_client.models")
    body = models.WatchlistBodyRequest(name="Chess", channels=["1"])
    made = await called(client, api, "create_watchlist", "lists", body=body)
    assert (made.status_code, made.parsed.channels) == (201, ["1"])
    change = models.PatchedWatchlistChangeRequest(name="Go")
    changed = await called(client, api, "change_watchlist", "lists", made.parsed.id, body=change)
    assert changed.parsed.name == "Go"
    gone = await called(client, api, "delete_watchlist", "lists", made.parsed.id)
    assert gone.status_code == 204
    assert (await asyncio.wait_for(called(client, api, "list_watchlists", "lists"), 5)).parsed.items == []
