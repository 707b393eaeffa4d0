"""Instances run in folders with unusual names; paths that the servers do not support are rejected before the start."""

from __future__ import annotations

import locale
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.local import run
from deploy.local.layout import Layout, read_variables
from deploy.local.locales import utf8_environment
from deploy.local.prerequisites import path_problems
from deploy.local.programs import Scope
from deploy.local.rest_keys import PASSWORD
from deploy.local.servers import KEYSTORE_PASSWORD, flink_home, write_configuration

ODD = "a b%'&(ü𝄞"


@pytest.fixture
def odd(layout: Layout) -> Layout:
    """A layout whose folder names need escaping in some configuration files."""
    conf = flink_home(layout) / "conf"
    conf.mkdir(parents=True)
    (conf / "config.yaml").write_text("env:\n  java:\n    opts:\n      all: --add-opens=a --add-opens=b\n")
    odd = replace(layout, var=layout.var / ODD)
    odd.create_folders()
    return odd


@pytest.mark.parametrize("character", [":", ",", '"', "\\", ";", "#", "\n", "\t", "\x7f", "\udcff"])
def test_an_unsupported_character_in_a_path_is_rejected_and_named(layout: Layout, character: str) -> None:
    (problem,) = path_problems(replace(layout, var=Path(f"/srv/a{character}b")))
    assert problem.startswith("TWITCHLY_VAR is ")
    assert f"contains {character!r}" in problem
    (problem,) = path_problems(replace(layout, root=Path(f"/srv/a{character}b")))
    assert problem.startswith("the project's folder is ")


def test_unusual_but_supported_paths_are_accepted(layout: Layout) -> None:
    assert path_problems(replace(layout, var=Path("/srv") / ODD, root=Path("/opt") / ODD)) == []


def test_the_configuration_of_every_server_contains_the_unchanged_path(odd: Layout) -> None:
    write_configuration(odd)
    # Kafka reads properties as Latin-1 with escapes; the encoding below joins surrogate pairs.
    kafka = dict(
        line.split("=", 1) for line in (odd.conf / "server.properties").read_text("ascii").splitlines() if "=" in line
    )
    escaped = kafka["log.dirs"].encode("ascii").decode("unicode_escape")
    assert escaped.encode("utf-16", "surrogatepass").decode("utf-16") == f"{odd.var}/kafka"
    flink = yaml.safe_load((odd.conf / "flink" / "config.yaml").read_text())
    assert flink["execution"]["checkpointing"]["dir"] == f"file://{odd.var}/flink/checkpoints"
    assert flink["security"]["ssl"]["rest"]["keystore"] == f"{odd.conf}/flink/rest.p12"
    # The start script of the client splits these options at spaces.
    assert str(odd.var) not in flink["env"]["java"]["opts"]["all"]
    cassandra = yaml.safe_load((odd.conf / "cassandra.yaml").read_text())
    assert cassandra["data_file_directories"] == [f"{odd.var}/cassandra/data"]


def test_configuration_is_readable_by_its_owner_only(odd: Layout) -> None:
    write_configuration(odd)
    files = [path for path in odd.conf.rglob("*") if path.is_file()]
    assert files
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


def test_flink_is_configured_with_the_password_of_its_keys() -> None:
    assert KEYSTORE_PASSWORD.encode() == PASSWORD


def test_processes_have_no_secret_in_their_environment(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    (layout.root / ".env.example").write_text("# SECRET_KEY=\n# KAFKA_PASSWORD=\n# DATABASE_URL=\n")
    secrets = {"SECRET_KEY": "hush-key" * 9, "KAFKA_PASSWORD": "hush-kafka", "DATABASE_URL": "postgres://u:hush@host/x"}
    for name, value in secrets.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("TZ", "UTC")
    environment = run._environment(replace(layout, settings=secrets), "/usr/bin/java", Scope.ALL)
    assert [name for name, value in environment.items() if "hush" in value or name in secrets] == []
    assert environment["TZ"] == "UTC"
    assert environment["TWITCHLY_VAR"] == str(layout.var)
    saved = read_variables(layout.var / "run.env")
    assert {name: saved[name] for name in secrets} == secrets


def test_a_generated_key_is_not_in_the_environment(layout: Layout) -> None:
    environment = run._environment(layout, "/usr/bin/java", Scope.ALL)
    key = read_variables(layout.var / "run.env")["SECRET_KEY"]
    assert key
    assert key not in environment.values()


def test_processes_use_utf8_regardless_of_the_terminal(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    previous = locale.setlocale(locale.LC_CTYPE)
    environment = run._environment(layout, "/usr/bin/java", Scope.ALL)
    assert environment["PYTHONUTF8"] == "1"
    assert environment["LC_ALL"].lower().replace("-", "").endswith(".utf8")
    assert locale.setlocale(locale.LC_CTYPE) == previous
    assert environment.items() >= utf8_environment().items()
