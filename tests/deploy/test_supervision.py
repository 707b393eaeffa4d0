"""supervisord reads the generated configuration as intended."""

import os
import shlex
from configparser import RawConfigParser
from dataclasses import replace
from pathlib import Path

import pytest
from supervisor.options import ServerOptions

from deploy.local.layout import Layout
from deploy.local.supervision import (
    NICENESS,
    SOCKET_PATH_BYTES,
    Program,
    create_socket_folder,
    socket_path,
    supervisord_conf,
)
from deploy.local.supervisor_client import EXITED, state_of

PROGRAMS = [
    Program("kafka", ["java", "-cp", "/a folder/*", "50%", "it's"], 20),
    Program("web", ["uvicorn"], is_latency_sensitive=True),
    Program("history", ["fill"], runs_once=True),
]


def parse_conf(layout: Layout) -> RawConfigParser:
    parser = RawConfigParser()
    parser.read_string(supervisord_conf(layout, PROGRAMS))
    return parser


@pytest.mark.parametrize("name", ["var", "a b", "50%", "%s", "%(x)s", "ü", "it's", "$HOME & (1)"])
def test_supervisord_parses_paths_and_arguments_unchanged(
    layout: Layout, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = replace(layout, root=layout.root / name, var=layout.var / name)
    layout.create_folders()
    create_socket_folder(layout.var)
    path = layout.conf / "supervisord.conf"
    path.write_text(supervisord_conf(layout, PROGRAMS))
    monkeypatch.chdir(layout.var)
    options = ServerOptions()
    options.realize(["-c", str(path)])
    groups = {group.name: group.process_configs[0] for group in options.process_group_configs}
    assert shlex.split(groups["kafka"].command)[-5:] == ["java", "-cp", "/a folder/*", "50%", "it's"]
    assert groups["kafka"].directory == str(layout.root)
    assert layout.var / groups["kafka"].stdout_logfile == layout.log_file("kafka")
    assert (options.logfile, options.pidfile) == (str(layout.log_file("supervisord")), f"{layout.var}/supervisord.pid")
    assert options.server_configs[0]["file"] == str(socket_path(layout.var))
    assert groups["kafka"].stopwaitsecs == 20
    assert not groups["web"].autostart
    assert groups["web"].priority > groups["kafka"].priority


def test_every_program_is_restarted_and_its_whole_process_group_is_stopped(layout: Layout) -> None:
    section = parse_conf(layout)["program:web"]
    assert section["autorestart"] == "true"
    assert int(section["startretries"]) >= 1_000_000
    assert section["stopasgroup"] == section["killasgroup"] == "true"
    assert "launcher.py" in section["command"]


def test_a_program_that_runs_once_is_restarted_only_after_an_error(layout: Layout) -> None:
    section = parse_conf(layout)["program:history"]
    assert (section["autorestart"], section["startsecs"]) == ("unexpected", "0")


@pytest.mark.parametrize(
    ("startsecs", "state", "exit_status", "expected"),
    [(0, EXITED, 0, "done"), (0, EXITED, 1, "restarting"), (3, EXITED, 0, "restarting"), (0, 20, 0, "up")],
)
def test_only_a_program_that_runs_once_can_reach_the_state_done(
    startsecs: int, state: int, exit_status: int, expected: str
) -> None:
    assert state_of({"startsecs": startsecs}, {"state": state, "exitstatus": exit_status}) == expected


def test_background_programs_have_a_higher_niceness(layout: Layout) -> None:
    def niceness(name: str) -> str:
        words = shlex.split(parse_conf(layout)[f"program:{name}"]["command"])
        return words[next(index for index, word in enumerate(words) if word.endswith("launcher.py")) + 1]

    assert (niceness("web"), niceness("kafka")) == ("0", str(NICENESS))


def test_log_size_is_limited(layout: Layout) -> None:
    section = parse_conf(layout)["program:kafka"]
    assert layout.var / section["stdout_logfile"] == layout.log_file("kafka")
    assert section["stdout_logfile_maxbytes"] == "10MB"


def test_the_socket_is_in_the_folder_of_the_instance(tmp_path: Path) -> None:
    assert socket_path(Path("/srv/twitchly")) == Path("/srv/twitchly/supervisor.sock")


def test_a_long_path_moves_the_socket_to_the_temporary_folder() -> None:
    long, longer = Path("/" + "a" * 120), Path("/" + "a" * 121)
    assert len(os.fsencode(socket_path(long))) <= SOCKET_PATH_BYTES
    assert socket_path(long) != socket_path(longer)
    assert socket_path(long) == socket_path(long)
