"""`make run`: checks, prepares, starts everything, waits, and stops everything."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import prerequisites
from deploy.local.children import run_command
from deploy.local.guard import guarded, say
from deploy.local.layout import Layout, demo_password, known_settings, write_run_env
from deploy.local.locales import utf8_environment
from deploy.local.locks import locked, named
from deploy.local.programs import (
    DEMO_EMAIL,
    LISTENING_PROGRAMS,
    Extent,
    Simulation,
    our_programs,
    producer_names,
    producers_problems,
)
from deploy.local.provision import environment_steps, machine_steps, page_steps, test_steps
from deploy.local.servers import flink_environment, rest_keys_command, server_programs, write_configuration
from deploy.local.stack import Stack
from deploy.local.steps import Step, run_steps
from deploy.local.stop import stop_everything
from deploy.local.supervision import Program, make_socket_folder, supervisord_conf
from deploy.local.supervisor_client import ProcessState, Supervisor, SupervisorAway, start_supervisord

WATCH_S = 1.0


def prepare(layout: Layout, *, tests: bool = False) -> int:
    """Make the environments, jars and packages; `tests` adds what tests need. Return the exit code."""
    prerequisites.check([*prerequisites.tool_problems(), *prerequisites.java_problems()])
    steps = [*environment_steps(layout, _java_home(_java()), tests=tests), *page_steps(layout, tests=tests)]
    return _prepare(layout, [*steps, *(machine_steps(layout) if tests else [])])


def prepare_unit_tests(layout: Layout) -> int:
    """Install the Python and npm packages of `make lint` and the unit tests; return the exit code."""
    prerequisites.check([*prerequisites.python_problems(), *prerequisites.node_problems()])
    return _prepare(layout, test_steps(layout))


def _prepare(layout: Layout, steps: Sequence[Step]) -> int:
    layout.make_folders()
    return guarded(lambda: _provide(layout, steps), lambda: None)


def _provide(layout: Layout, steps: Sequence[Step]) -> None:
    with locked(layout.root, wait=True):
        run_steps(steps, say)


@dataclass(frozen=True, slots=True)
class Wish:
    """What `make run` is asked to start."""

    simulation: Simulation = field(default_factory=Simulation)
    producers: str | None = None
    extent: Extent = Extent.EVERYTHING

    def problems(self) -> list[str]:
        return [*self.simulation.problems(), *producers_problems(self.producers)]

    def programs(self, layout: Layout, java: str) -> list[Program]:
        """Return the programs in the order they start."""
        servers = server_programs(layout, java)
        if self.extent is Extent.SERVERS:
            return servers
        programs = [*servers, *our_programs(layout, self.simulation, self.count)]
        if self.extent is Extent.EVERYTHING:
            return programs
        wanted = LISTENING_PROGRAMS.union(producer_names(self.count))
        return [program for program in programs if program.name in wanted]

    @property
    def count(self) -> int:
        return int(self.producers or 1)


def run(layout: Layout, wish: Wish, *, detach: bool) -> int:
    """Start what is wished, and stay until asked to stop unless `detach`; return the exit code."""
    return _start(layout, wish, detach=detach)


def run_servers(layout: Layout) -> int:
    """Start Kafka, Cassandra, Valkey and Flink, and leave them running; return the exit code."""
    return _start(layout, Wish(extent=Extent.SERVERS), detach=True)


def _start(layout: Layout, wish: Wish, *, detach: bool) -> int:
    prerequisites.check(
        [
            *prerequisites.tool_problems(),
            *prerequisites.java_problems(),
            *prerequisites.path_problems(layout),
            *(
                prerequisites.running_problems(layout)
                or prerequisites.loopback_problems()
                or prerequisites.port_problems(layout)
            ),
            *wish.problems(),
        ]
    )
    layout.make_folders()
    began = time.monotonic()

    def work() -> None:
        with named(layout.var):
            supervisord = _bring_up(layout, wish)
            _announce(layout, time.monotonic() - began, wish.extent)
            if not detach:
                _watch(Supervisor(layout), supervisord)

    try:
        with locked(layout.var, wait=False):
            return guarded(work, lambda: stop_everything(layout, say))
    except BlockingIOError:
        raise prerequisites.Unmet([f"another `make run` has {layout.var} at the moment: stop it first"]) from None


def _bring_up(layout: Layout, wish: Wish) -> subprocess.Popen[bytes]:
    java = _java()
    prepare_steps = environment_steps(layout, _java_home(java))
    _provide(layout, prepare_steps if wish.extent is Extent.SERVERS else [*prepare_steps, *page_steps(layout)])
    environment = _environment(layout, java, wish.extent)
    write_configuration(layout)
    run_command(rest_keys_command(layout), layout.log_file("rest-keys"), layout.root, environment)
    demo_password(layout)
    # A recording that was played to its end is played again when it is asked for again; a restart by the
    # supervisor finds this file and goes on where it was.
    (layout.var / "ledger" / "replay.json").unlink(missing_ok=True)
    make_socket_folder(layout.var)
    (layout.conf / "supervisord.conf").write_text(supervisord_conf(layout, wish.programs(layout, java)))
    supervisord = start_supervisord(layout, environment)
    stack = Stack(layout, Supervisor(layout), java, environment, wish.count)
    run_steps(stack.steps(wish.extent), say, look=lambda: check_alive(supervisord))
    return supervisord


def _environment(layout: Layout, java: str, extent: Extent) -> dict[str, str]:
    """Return what every process is started with.

    Settings, secrets among them, are not in it: our processes and commands typed by hand read them from run.env.
    """
    extra = {**flink_environment(layout), "JAVA_HOME": _java_home(java)}
    if extent is Extent.LISTENING:
        # There is no Cassandra: Django must not look for it.
        extra["CASSANDRA_HOSTS"] = ""
    written = write_run_env(layout, extra)
    folder = {name: written[name] for name in ("TWITCHLY_VAR", "TWITCHLY_PORT")}
    settings = {*written, *known_settings(layout)}
    others = {name: value for name, value in os.environ.items() if name not in settings}  # defense: process-secrets
    # Fewer malloc arenas: a third less memory in the JVMs, whose threads are many and idle.
    tuning = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    return {**others, **folder, **extra, **tuning, **utf8_environment()}


def _java() -> str:
    java = prerequisites.find_java()
    if java is None:
        raise prerequisites.Unmet(prerequisites.java_problems())
    return java


def _java_home(java: str) -> str:
    return str(Path(java).resolve().parent.parent)


def check_alive(supervisord: subprocess.Popen[bytes]) -> None:
    """Raises: SupervisorAway when it has ended: none of the steps will get anywhere."""
    status = supervisord.poll()
    if status is not None:
        raise SupervisorAway(f"the supervisor was {'stopped' if status == 0 else 'killed'} during the start")


def _announce(layout: Layout, seconds: float, extent: Extent) -> None:
    if extent is Extent.LISTENING:
        say(f"Twitchly listens after {seconds:.1f} s; `make stop` with TWITCHLY_VAR={layout.var} ends it")
        return
    if extent is Extent.SERVERS:
        say(f"The servers are up after {seconds:.1f} s; `make stop` with TWITCHLY_VAR={layout.var} ends them")
        return
    say(f"\nTwitchly is live at http://127.0.0.1:{layout.ports.web} after {seconds:.1f} s")
    say(f"Sign in as {DEMO_EMAIL} with the password {demo_password(layout)}\n")


def _watch(supervisor: Supervisor, supervisord: subprocess.Popen[bytes]) -> None:
    """Say what goes down and comes back, until everything is stopped. Raises: SupervisorAway when it died."""
    say("Ctrl-C stops everything. `make status` says what runs.")
    before = {state.name: state for state in supervisor.states()}
    while supervisord.poll() is None:
        time.sleep(WATCH_S)
        try:
            states = supervisor.states()
        except SupervisorAway:
            break
        for text in changes(before, states):
            say(f"{time.strftime('%H:%M:%S')} {text}")
        before = {state.name: state for state in states}
    if supervisord.wait() != 0:
        raise SupervisorAway(f"the supervisor itself was killed (status {supervisord.returncode})")
    say("Stopped.")


def changes(before: dict[str, ProcessState], states: Sequence[ProcessState]) -> list[str]:
    """Return what happened to each process between two looks."""
    texts = []
    for state in states:
        last = before[state.name]
        if state.state == "up" and (last.state != "up" or state.pid != last.pid):
            texts.append(f"{state.name} is up (pid {state.pid})")
        elif state.state != last.state and state.state != "stopping":
            texts.append(f"{state.name} is {state.state}")
    return texts
