"""Unmet prerequisites are reported with their remedies."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.local.layout import INSTANCE_VARIABLE, ROOT, Layout
from deploy.local.ports import Ports, free_block
from deploy.local.prerequisites import (
    PrerequisiteError,
    check,
    java_problem,
    loopback_problems,
    node_problems,
    parse_release,
    port_problems,
    python_problems,
    running_problems,
    source_problems,
    tool_problems,
)
from deploy.local.supervisor_client import instance_pids, terminate_orphans


@pytest.fixture
def orphan(layout: Layout) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    with subprocess.Popen(command, env={INSTANCE_VARIABLE: str(layout.var)}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_different_python_version_is_rejected() -> None:
    assert python_problems((3, 11)) == []
    assert "Python 3.11 is required, but this is 3.13" in python_problems((3, 13))[0]


def test_all_missing_tools_are_reported_together() -> None:
    problems = tool_problems(which=lambda _tool: None)
    assert [problem.split()[0] for problem in problems] == ["Maven", "Node.js", "npm", "bash"]
    assert all("install" in problem for problem in problems)
    assert [problem.split()[0] for problem in node_problems(which=lambda _tool: None)] == ["Node.js", "npm"]
    assert node_problems(which=lambda tool: f"/usr/bin/{tool}") == []


@pytest.mark.parametrize(
    ("text", "release"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("no java here", 0)],
)
def test_the_java_release_is_parsed(text: str, release: int) -> None:
    assert parse_release(text) == release


def test_the_error_for_an_unsupported_java_differs_from_that_for_a_missing_one() -> None:
    assert "none found" in java_problem([])
    problem = java_problem([("/usr/bin/java", 21)])
    assert "/usr/bin/java is 21" in problem
    assert "JAVA_HOME" in problem


def test_all_problems_are_raised_together() -> None:
    with pytest.raises(PrerequisiteError) as raised:
        check(["one", "two"])
    assert raised.value.problems == ["one", "two"]


def test_a_port_in_use_is_reported_with_its_process(layout: Layout) -> None:
    ports = Ports(free_block())
    with socket.create_server(("127.0.0.1", ports["Cassandra"])):
        problems = port_problems(Layout(layout.root, layout.var, ports, {}))
    assert len(problems) == 1
    assert f"port {ports['Cassandra']} (Cassandra) is in use by" in problems[0]
    assert f"pid {os.getpid()}" in problems[0]


def test_simulator_ports_are_not_checked_for_the_real_twitch(layout: Layout) -> None:
    ports = Ports(free_block())
    real = {"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET": "secret"}
    with socket.create_server(("127.0.0.1", ports["simulated IRC"])):
        assert port_problems(Layout(layout.root, layout.var, ports, real)) == []


def test_simulated_data_is_not_mixed_with_real_data(layout: Layout) -> None:
    layout.create_folders()
    real = replace(layout, settings={"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET": "secret"})
    assert source_problems(real) == []
    layout.simulated_marker.touch()
    assert source_problems(layout) == []
    (problem,) = source_problems(real)
    assert "make clean-data" in problem


def test_a_stale_pid_file_is_ignored(layout: Layout) -> None:
    (layout.var / "supervisord.pid").write_text(str(os.getpid()))
    assert running_problems(layout) == []


def test_orphaned_processes_are_reported(layout: Layout, orphan: subprocess.Popen[bytes]) -> None:
    assert instance_pids(layout) == [orphan.pid]
    assert f"pid {orphan.pid}" in running_problems(layout)[0]


def test_only_orphans_of_this_instance_are_terminated(
    layout: Layout, orphan: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    other = Layout(layout.root, tmp_path / "other", layout.ports, {})
    assert terminate_orphans(other) == []
    assert orphan.poll() is None
    assert terminate_orphans(layout) == [orphan.pid]
    assert orphan.wait(5) != 0


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="requires root and util-linux")
@pytest.mark.parametrize("network", ["true", "ip link set lo up && ip addr del 127.0.0.1/8 dev lo"])
def test_a_missing_ipv4_loopback_address_is_reported(network: str) -> None:
    assert loopback_problems() == []
    code = "from deploy.local.prerequisites import loopback_problems; print(*loopback_problems())"
    command = ["unshare", "--net", "sh", "-c", f'{network} && exec "$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("127.0.0.1 is unavailable (")
