"""Production configuration: systemd units, compose.yaml and Dockerfile name existing commands, settings and files."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from deploy.local.layout import ROOT
from deploy.local.ports import Ports

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("twitchly-*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
APP_SERVICES = [name for name, service in COMPOSE["services"].items() if service["image"].startswith("twitchly")]
# The processes that `make run` starts. Add new ones here, to the units, and to compose.yaml.
PROCESSES = {"worker", "beat", "producer", "flink-job", "sink-history", "sink-boards", "web"}


def settings() -> set[str]:
    text = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))


def is_setting(name: str) -> bool:
    return name in settings() or name.removesuffix("_FILE") in settings()


def commands() -> Iterator[tuple[str, list[str]]]:
    for unit in UNITS:
        (line,) = re.findall(r"^ExecStart=(.+)$", unit.read_text(), re.MULTILINE)
        yield unit.name, shlex.split(line)
    for name in APP_SERVICES:
        yield name, COMPOSE["services"][name]["command"]


@pytest.mark.parametrize(("name", "words"), list(commands()), ids=lambda value: value if isinstance(value, str) else "")
def test_every_command_exists(name: str, words: list[str]) -> None:
    text = " ".join(words)
    if "manage.py" in text:
        assert re.search(r"manage\.py (\w+)", text)[1] in get_commands(), name  # type: ignore[index]
    elif "/pyflink/bin/" in text:
        assert Path(words[0]).name in ("jobmanager.sh", "taskmanager.sh")
    else:
        assert Path(words[0]).name in ("celery", "uvicorn"), name


def test_every_process_has_a_unit_and_a_service() -> None:
    units = {unit.stem.removeprefix("twitchly-").removesuffix("@") for unit in UNITS} - {"backup"}
    assert units == PROCESSES
    assert {name for name in APP_SERVICES if name not in ("flink-jobmanager", "flink-taskmanager")} == PROCESSES


def test_units_restart_all_processes_except_the_backup() -> None:
    assert [unit.name for unit in UNITS if "Restart=always" not in unit.read_text()] == ["twitchly-backup.service"]


def test_the_target_wants_every_process() -> None:
    text = (DEPLOY / "systemd" / "twitchly.target").read_text()
    wanted = {name.removeprefix("twitchly-") for name in re.findall(r"(twitchly-[\w-]+)(?:@1)?\.service", text)}
    assert wanted == PROCESSES


def test_every_production_variable_is_a_setting() -> None:
    variables = re.findall(r"^([A-Z_]+)=", (DEPLOY / "production.env").read_text(), re.MULTILINE)
    assert [name for name in variables if not is_setting(name)] == []
    used = {name for unit in UNITS for name in re.findall(r"\$\{(\w+)\}", unit.read_text())}
    assert used <= set(variables)
    for name in APP_SERVICES:
        environment = COMPOSE["services"][name]["environment"]
        assert [variable for variable in environment if not is_setting(variable)] == [], name


@pytest.mark.parametrize(("number", "port"), [(1, "producer's metrics"), (4, "producer-4's metrics")])
def test_producers_serve_metrics_on_the_ports_that_prometheus_scrapes(number: int, port: str) -> None:
    (command,) = (words[-1] for name, words in commands() if name == "twitchly-producer@.service")
    (expression,) = re.findall(r"--metrics-port (\S.*)$", command.replace("$$", "$").replace("%i", str(number)))
    done = subprocess.run(
        ["sh", "-c", f"echo {expression}"], env={"TWITCHLY_PORT": "8000"}, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == Ports(8000)[port]


def test_the_web_process_has_every_option_that_make_run_sets() -> None:
    options = {"--ws", "--ws-per-message-deflate", "--ws-max-size", "--ws-ping-timeout", "--no-server-header"}
    for text in (" ".join(words) for name, words in commands() if "web" in name):
        assert all(option in text for option in options)
        assert "twitchly.websockets:ClosingProtocol" in text
        assert "--forwarded-allow-ips" in text


@pytest.mark.parametrize("name", list(COMPOSE["services"]))
def test_services_are_sandboxed(name: str) -> None:
    service = COMPOSE["services"][name]
    assert re.fullmatch(r"[\w./-]+:\d[\w.-]*", service["image"]), "an exact version"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory"} == service["deploy"]["resources"]["limits"].keys()
    assert service["healthcheck"]["test"]
    assert service.get("ports", []) == (["127.0.0.1:8000:8000"] if name == "web" else [])
    if name in APP_SERVICES:
        assert service["read_only"]
        assert service["user"] == "10001:10001"
    paths = [str(value) for value in service.get("environment", {}).values()]
    used = {path.removeprefix("/run/secrets/") for path in paths if path.startswith("/run/secrets/")}
    assert used <= set(service.get("secrets", []))
    assert set(service.get("secrets", [])) <= COMPOSE["secrets"].keys()


def test_no_service_contains_a_secret() -> None:
    for name, service in COMPOSE["services"].items():
        for variable, value in service.get("environment", {}).items():
            is_secret = re.search("KEY|PASSWORD|SECRET|_URL$", variable) and variable != "FLINK_REST_URL"
            assert not is_secret or (variable.endswith("_FILE") and value.startswith("/run/secrets/")), (name, variable)


def test_images_use_exact_versions_and_existing_files() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    stages = set(re.findall(r" AS (\w+)$", text, re.MULTILINE))
    for image in re.findall(r"^FROM (\S+)", text, re.MULTILINE):
        assert image in stages or re.search(r":\d+\.\d+\.\d+", image), image
    # Docker's build context contains only these files.
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    sent = [line.removeprefix("!") for line in lines if line.startswith("!")]
    for words in re.findall(r"^COPY ([^-].*)$", text, re.MULTILINE):
        for source in words.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(Path(source).match(rule) or rule.startswith(f"{source}/") for rule in sent), source
    jars = (ROOT / "deploy" / "jars" / "flink.sha256").read_text()
    assert Path(COMPOSE["x-app"]["environment"]["FLINK_CONNECTOR_JAR"]).name in jars


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is absent")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    folder = tmp_path / "units"
    shutil.copytree(DEPLOY / "systemd", folder)
    # The programs exist in production only; this test checks the units.
    for unit in folder.glob("*.service"):
        unit.write_text(re.sub(r"(?m)^ExecStart=/opt/\S+", "ExecStart=/bin/true", unit.read_text()))
    units = [str(folder / name) for name in ("twitchly.target", "twitchly-web.service", "twitchly-producer@1.service")]
    shutil.copyfile(folder / "twitchly-producer@.service", folder / "twitchly-producer@1.service")
    done = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            "--man=no",
            "--recursive-errors=no",
            *units,
            str(folder / "twitchly-backup.timer"),
        ],
        env={"SYSTEMD_UNIT_PATH": f"{folder}:", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert [line for line in done.stderr.splitlines() if "twitchly" in line] == []
    assert done.returncode == 0
