"""`make stop` ends a `make run` at any point, and `make clean-data` removes what it left."""

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
from deploy.local.guard import say
from deploy.local.layout import ROOT, Layout, read_layout
from deploy.local.locks import holder, is_locked, locked, named
from deploy.local.prerequisites import Unmet
from deploy.local.run import check_alive
from deploy.local.stop import stop_copy
from deploy.local.supervision import make_socket_folder, socket_path
from deploy.local.supervisor_client import Supervisor, SupervisorAway

# A `make run` whose start waits for something that does not come.
STARTING = """
import sys
from pathlib import Path
from deploy.local.guard import guarded, say
from deploy.local.locks import locked, named
from deploy.local.steps import Step, run_steps, wait_until

def work():
    with named(var):
        print("waiting", flush=True)
        run_steps([Step("Kafka", lambda: str(wait_until(lambda: False, 600, "a listener")))], say)

var = Path(sys.argv[1])
with locked(var, wait=False):
    sys.exit(guarded(work, lambda: None))
"""


def test_a_start_that_waits_is_stopped_from_another_terminal(layout: Layout) -> None:
    command = [sys.executable, "-c", STARTING, str(layout.var)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "waiting\n"
        said: list[str] = []
        assert stop_copy(layout, said.append)
        assert run.stdout.read().split() == ["Stopping.", "Stopped."]
    assert run.returncode == 0
    assert said == [f"asked `make run` (pid {run.pid}) to stop everything"]
    assert not is_locked(layout.var)


def test_a_name_that_a_killed_run_left_is_not_asked(layout: Layout) -> None:
    (layout.var / "run.pid").write_text(f"{os.getpid()}\n")
    assert not stop_copy(layout, say)


def test_who_holds_a_copy_is_known_as_long_as_it_does(layout: Layout) -> None:
    with locked(layout.var, wait=False), named(layout.var):
        assert is_locked(layout.var)
        assert holder(layout.var) == os.getpid()
    assert not is_locked(layout.var)
    assert holder(layout.var) == 0
    assert not is_locked(layout.var / "none")


@pytest.mark.parametrize(("status", "word"), [(0, "stopped"), (1, "killed")])
def test_a_supervisor_that_ends_during_the_start_ends_it(status: int, word: str) -> None:
    with subprocess.Popen([sys.executable, "-c", f"raise SystemExit({status})"]) as ended:
        ended.wait(60)
        with pytest.raises(SupervisorAway, match=word):
            check_alive(ended)


class _Handler(BaseHTTPRequestHandler):
    reply = b""

    def do_POST(self) -> None:
        # Who closes with the question unread resets the connection of somebody who is still asking.
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
    make_socket_folder(layout.var)
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


def test_a_supervisor_that_closes_down_counts_as_away(layout: Layout) -> None:
    with supervisor_with_fault(layout, 6) as supervisor, pytest.raises(SupervisorAway, match="closing down"):
        supervisor.states()


def test_stopping_what_does_not_run_is_no_fault(layout: Layout) -> None:
    with supervisor_with_fault(layout, 70) as supervisor:
        supervisor.stop("web")


def test_the_data_of_the_copy_that_dot_env_names_are_removed(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / ".env").write_text(f"TWITCHLY_VAR={tmp_path}/elsewhere\n")
    layout = read_layout({}, tmp_path / "project")
    layout.make_folders()
    (layout.var / "run.env").touch()
    assert clean_data(layout, say) == 0
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_that_is_no_copy_is_left_alone(layout: Layout) -> None:
    (layout.var / "thesis.txt").touch()
    said: list[str] = []
    assert clean_data(layout, said.append) == 0
    assert (layout.var / "thesis.txt").exists()
    assert said == [f"{layout.var} holds no copy of Twitchly"]


def test_the_project_itself_is_never_removed(layout: Layout) -> None:
    (layout.root / "run.env").touch()
    with pytest.raises(Unmet, match="TWITCHLY_VAR"):
        clean_data(Layout(layout.root, layout.root, layout.ports, {}), say)
    assert layout.root.exists()


def test_make_without_python_says_what_to_install() -> None:
    for target in ("run", "help"):
        command = ["make", target, "PYTHON=python3.11-none"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert "python3.11-none is missing: install it" in done.stdout + done.stderr
