"""What is missing or in the way is named with what to do."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.layout import MARK, ROOT, Layout
from deploy.local.ports import Ports, free_block
from deploy.local.prerequisites import (
    Unmet,
    check,
    java_problem,
    loopback_problems,
    node_problems,
    port_problems,
    python_problems,
    read_release,
    running_problems,
    tool_problems,
)
from deploy.local.supervisor_client import end_leftovers, leftovers


@pytest.fixture
def leftover(layout: Layout) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)"]
    with subprocess.Popen(command, env={MARK: str(layout.var)}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_another_python_is_refused() -> None:
    assert python_problems((3, 11)) == []
    assert "Python 3.11 is needed, this is 3.13" in python_problems((3, 13))[0]


def test_every_missing_tool_is_named_at_once() -> None:
    problems = tool_problems(which=lambda _tool: None)
    assert [problem.split()[0] for problem in problems] == ["Maven", "Node.js", "npm", "bash"]
    assert all("install" in problem for problem in problems)
    assert [problem.split()[0] for problem in node_problems(which=lambda _tool: None)] == ["Node.js", "npm"]
    assert node_problems(which=lambda tool: f"/usr/bin/{tool}") == []


@pytest.mark.parametrize(
    ("text", "release"),
    [('openjdk version "17.0.15" 2025-04-15', 17), ('java version "1.8.0_402"', 8), ("no java here", 0)],
)
def test_the_release_of_java_is_read(text: str, release: int) -> None:
    assert read_release(text) == release


def test_a_wrong_java_is_told_from_none() -> None:
    assert "none found" in java_problem([])
    problem = java_problem([("/usr/bin/java", 21)])
    assert "/usr/bin/java is 21" in problem
    assert "JAVA_HOME" in problem


def test_all_problems_come_together() -> None:
    with pytest.raises(Unmet) as raised:
        check(["one", "two"])
    assert raised.value.problems == ["one", "two"]


def test_a_taken_port_is_named_with_its_holder(layout: Layout) -> None:
    ports = Ports(free_block())
    with socket.create_server(("127.0.0.1", ports["Cassandra"])):
        problems = port_problems(Layout(layout.root, layout.var, ports, {}))
    assert len(problems) == 1
    assert f"port {ports['Cassandra']} (Cassandra) is taken by" in problems[0]
    assert f"pid {os.getpid()}" in problems[0]


def test_the_simulators_ports_do_not_matter_with_real_twitch(layout: Layout) -> None:
    ports = Ports(free_block())
    real = {"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET": "secret"}
    with socket.create_server(("127.0.0.1", ports["simulated IRC"])):
        assert port_problems(Layout(layout.root, layout.var, ports, real)) == []


def test_a_stale_pid_file_alone_is_no_problem(layout: Layout) -> None:
    (layout.var / "supervisord.pid").write_text(str(os.getpid()))
    assert running_problems(layout) == []


def test_processes_left_without_a_supervisor_are_named(layout: Layout, leftover: subprocess.Popen[bytes]) -> None:
    assert leftovers(layout) == [leftover.pid]
    assert f"pid {leftover.pid}" in running_problems(layout)[0]


def test_what_is_left_is_ended_and_nothing_else(
    layout: Layout, leftover: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    other = Layout(layout.root, tmp_path / "other", layout.ports, {})
    assert end_leftovers(other) == []
    assert leftover.poll() is None
    assert end_leftovers(layout) == [leftover.pid]
    assert leftover.wait(5) != 0


@pytest.mark.skipif(os.getuid() != 0 or shutil.which("unshare") is None, reason="it needs root and util-linux")
@pytest.mark.parametrize("network", ["true", "ip link set lo up && ip addr del 127.0.0.1/8 dev lo"])
def test_a_machine_without_the_ipv4_loopback_address_is_told_so(network: str) -> None:
    assert loopback_problems() == []
    code = "from deploy.local.prerequisites import loopback_problems; print(*loopback_problems())"
    command = ["unshare", "--net", "sh", "-c", f'{network} && exec "$@"', "sh", sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("127.0.0.1 cannot be used (")
