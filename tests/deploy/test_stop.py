"""`make stop` stops `make run` at any point, and `make clean-data` deletes its data."""

import os
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from deploy.local.clean import clean_data
from deploy.local.guard import echo
from deploy.local.layout import ROOT, Layout, read_layout
from deploy.local.locks import is_locked, lock_holder, locked, pid_file
from deploy.local.prerequisites import PrerequisiteError
from deploy.local.run import check_alive
from deploy.local.stop import stop_instance
from deploy.local.supervision import create_socket_folder, socket_path
from deploy.local.supervisor_client import Supervisor, SupervisorUnavailable

# A `make run` whose start never finishes.
STARTING = """
import sys
from pathlib import Path
from deploy.local.guard import echo, run_guarded
from deploy.local.locks import locked, pid_file
from deploy.local.steps import Step, run_steps, wait_until

def work():
    with pid_file(var):
        print("waiting", flush=True)
        run_steps([Step("Kafka", lambda: str(wait_until(lambda: False, 600, "a listener")))], echo)

var = Path(sys.argv[1])
with locked(var, wait=False):
    sys.exit(run_guarded(work, lambda: None))
"""


def test_an_unfinished_start_is_stopped_from_another_terminal(layout: Layout) -> None:
    command = [sys.executable, "-c", STARTING, str(layout.var)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "waiting\n"
        lines: list[str] = []
        assert stop_instance(layout, lines.append)
        assert run.stdout.read().split() == ["Stopping.", "Stopped."]
    assert run.returncode == 0
    assert lines == [f"stopping `make run` (pid {run.pid})"]
    assert not is_locked(layout.var)


def test_the_pid_file_of_a_killed_run_is_ignored(layout: Layout) -> None:
    (layout.var / "run.pid").write_text(f"{os.getpid()}\n")
    assert not stop_instance(layout, echo)


def test_the_lock_holder_is_known_while_it_holds_the_lock(layout: Layout) -> None:
    with locked(layout.var, wait=False), pid_file(layout.var):
        assert is_locked(layout.var)
        assert lock_holder(layout.var) == os.getpid()
    assert not is_locked(layout.var)
    assert lock_holder(layout.var) == 0
    assert not is_locked(layout.var / "none")


@pytest.mark.parametrize(("status", "word"), [(0, "stopped"), (1, "killed")])
def test_start_up_fails_if_the_supervisor_exits(status: int, word: str) -> None:
    with subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"]) as supervisord:
        supervisord.wait(60)
        with pytest.raises(SupervisorUnavailable, match=word):
            check_alive(supervisord)


class _Handler(BaseHTTPRequestHandler):
    reply = b""

    def do_POST(self) -> None:
        # Read the request first, because closing with unread data would reset the connection.
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(self.reply)))
        self.end_headers()
        self.wfile.write(self.reply)

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def supervisor_with_fault(layout: Layout, code: int) -> Iterator[Supervisor]:
    create_socket_folder(layout.var)
    reply = (
        "<methodResponse><fault><value><struct>"
        f"<member><name>faultCode</name><value><int>{code}</int></value></member>"
        "<member><name>faultString</name><value><string>no</string></value></member>"
        "</struct></value></fault></methodResponse>"
    )
    handler = type("Handler", (_Handler,), {"reply": reply.encode()})
    with socketserver.UnixStreamServer(str(socket_path(layout.var)), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield Supervisor(layout)
        finally:
            server.shutdown()


def test_a_supervisor_that_is_shutting_down_counts_as_unavailable(layout: Layout) -> None:
    with supervisor_with_fault(layout, 6) as supervisor, pytest.raises(SupervisorUnavailable, match="shutting down"):
        supervisor.states()


def test_stopping_a_stopped_program_succeeds(layout: Layout) -> None:
    with supervisor_with_fault(layout, 70) as supervisor:
        supervisor.stop("web")


def test_clean_data_deletes_the_folder_set_in_dot_env(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".env").write_text(f"TWITCHLY_VAR={tmp_path}/elsewhere\n")
    layout = read_layout({}, tmp_path / "project")
    layout.create_folders()
    (layout.var / "run.env").touch()
    assert clean_data(layout, echo) == 0
    assert not (tmp_path / "elsewhere").exists()


def test_clean_data_keeps_a_folder_without_an_instance(layout: Layout) -> None:
    (layout.var / "thesis.txt").touch()
    lines: list[str] = []
    assert clean_data(layout, lines.append) == 0
    assert (layout.var / "thesis.txt").exists()
    assert lines == [f"{layout.var} contains no Twitchly instance: nothing was deleted"]


def test_clean_data_never_deletes_the_project(layout: Layout) -> None:
    (layout.root / "run.env").touch()
    with pytest.raises(PrerequisiteError, match="TWITCHLY_VAR"):
        clean_data(Layout(layout.root, layout.root, layout.ports, {}), echo)
    assert layout.root.exists()


def test_make_without_python_explains_what_to_install() -> None:
    for target in ("run", "help"):
        command = ["make", target, "PYTHON=python3.11-none"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert "python3.11-none is missing: install it" in done.stdout + done.stderr
