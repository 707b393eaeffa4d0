"""The OpenAPI description follows the rules in redocly.yaml, according to redocly's linter."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import orjson
import pytest

from apps.api.description.document import description_bytes
from apps.api.management.commands.api_description import RELEASED
from twitchly.env import ROOT

REDOCLY = ROOT / "node_modules" / ".bin" / "redocly"


def _node_version() -> tuple[int, ...]:
    node = shutil.which("node")
    if node is None:
        return ()
    process = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    return tuple(map(int, process.stdout.strip().removeprefix("v").split(".")))


pytestmark = pytest.mark.skipif(
    not REDOCLY.exists() or _node_version() < (20, 19),
    reason="redocly's linter is absent or needs Node.js 20.19 or newer: `make test` installs it",
)


def broken_rules(description: bytes, folder: Path) -> set[str]:
    """Return the names of the rules that a description breaks."""
    (folder / "openapi.json").write_bytes(description)
    command = [str(REDOCLY), "lint", str(folder / "openapi.json"), f"--config={ROOT / 'redocly.yaml'}", "--format=json"]
    env = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"}
    process = subprocess.run(command, capture_output=True, text=True, env=env, timeout=300, check=False)
    assert process.returncode in (0, 1), process.stderr
    rules = {problem["ruleId"] for problem in orjson.loads(process.stdout)["problems"]}
    assert bool(rules) == (process.returncode == 1), process.stderr
    return rules


def test_the_description_breaks_no_rule(tmp_path: Path) -> None:
    assert broken_rules(description_bytes(), tmp_path) == set()


def test_the_released_description_breaks_no_rule(tmp_path: Path) -> None:
    assert broken_rules(RELEASED.read_bytes(), tmp_path) == set()


def test_a_description_with_mistakes_breaks_the_rules(tmp_path: Path) -> None:
    document: dict[str, Any] = orjson.loads(description_bytes())
    boards, status = document["paths"]["/api/v1/boards"]["get"], document["paths"]["/api/v1/status"]["get"]
    del document["info"]["license"]
    del boards["summary"]
    del boards["responses"]["200"]["content"]["application/json"]["example"]
    status["operationId"] = boards["operationId"]
    status["responses"]["200"]["content"]["application/json"]["example"] = {}
    del document["paths"]["/api/v1/metrics/{key}"]["get"]["parameters"][0]["description"]
    assert broken_rules(orjson.dumps(document), tmp_path) == {
        "info-license",
        "no-invalid-media-type-examples",
        "operation-operationId-unique",
        "operation-summary",
        "parameter-description",
        "rule/content-has-an-example",
    }
