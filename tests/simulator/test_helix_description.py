"""Conformance of the simulated Helix to the recorded OpenAPI description."""

import json
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from openapi_schema_validator import OAS30ReadValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from tests.simulator.helix_api import CREDENTIALS, Api

FILE = "openapi-helix-unofficial-2026-02-27.json"


@cache
def description() -> dict[str, Any]:
    path = settings.DATA_DIR / "helix" / FILE
    if not path.exists():
        pytest.skip(f"recorded data is absent: {path} (TWITCHLY_DATA)")
    described: dict[str, Any] = json.loads(path.read_bytes())
    return described


@cache
def error_bodies() -> dict[str, Any]:
    path = settings.DATA_DIR / "helix" / "error_bodies.json"
    if not path.exists():
        pytest.skip(f"recorded data is absent: {path} (TWITCHLY_DATA)")
    bodies: dict[str, Any] = json.loads(path.read_bytes())
    return bodies


def problems(path: str, body: Any) -> list[str]:
    """Return the deviations of a body from the description of GET `path`, including fields that are not described."""
    registry: Registry[Any] = Registry().with_resource("helix:", DRAFT202012.create_resource(description()))
    schema = description()["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    errors = OAS30ReadValidator({"$ref": "helix:" + schema["$ref"]}, registry=registry).iter_errors(body)
    return [error.message for error in errors]


def known_fields(name: str) -> set[str]:
    return set(description()["components"]["schemas"][name]["properties"])


async def test_streams_are_as_described(api: Api) -> None:
    for page in (await api.page(), (await api.get("streams", {"user_id": api.audience.channels[0].id})).json()):
        assert page["data"]
        assert problems("/streams", page) == []
        assert all(row.keys() <= known_fields("Stream") for row in page["data"])


async def test_users_are_as_described(api: Api) -> None:
    body = (await api.get("users", {"id": [channel.id for channel in api.audience.channels[:100]]})).json()
    assert len(body["data"]) == 100
    assert problems("/users", body) == []
    assert all(row.keys() <= known_fields("User") for row in body["data"])


async def test_a_nonconforming_body_is_detected(api: Api) -> None:
    body = await api.page()
    del body["data"][0]["user_id"]
    body["data"][1]["viewer_count"] = "many"
    assert len(problems("/streams", body)) == 2


async def test_every_supported_parameter_is_described(api: Api) -> None:
    described = {parameter["name"] for parameter in description()["paths"]["/streams"]["get"]["parameters"]}
    assert {"user_id", "user_login", "game_id", "language", "type", "first", "after"} <= described


async def test_errors_have_the_recorded_bodies(api: Api) -> None:
    seen = error_bodies()
    missing = await api.client.get("/helix/streams", headers={"Client-Id": "app"})
    assert missing.json() == seen["401_missing"]
    invalid = await api.client.get("/helix/streams", headers={**api.headers, "Authorization": "Bearer stale"})
    assert invalid.json() == seen["401_invalid_token"]
    mismatch = await api.client.get("/helix/streams", headers={**api.headers, "Client-Id": "another"})
    assert mismatch.json() == seen["401_mismatch"]
    api.begin("rate_limited")
    limited = await api.get("streams")
    assert limited.json() == seen["429"]
    assert limited.headers.keys() >= {name.lower() for name in seen["headers_example"]}
    api.faults.end_all()
    api.begin("server_error")
    assert (await api.get("streams")).json() == seen["500"]
    assert (await api.client.post("/oauth2/token", data=CREDENTIALS)).status_code == 503
