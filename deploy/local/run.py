"""`make run`: check the machine, prepare it, start all processes, watch them and stop them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import prerequisites
from deploy.local.children import run_command
from deploy.local.guard import echo, run_guarded
from deploy.local.layout import Layout, demo_password, known_settings, write_run_env
from deploy.local.locales import utf8_environment
from deploy.local.locks import locked, pid_file
from deploy.local.programs import (
    DEMO_EMAIL,
    HISTORY,
    INGEST_PROGRAMS,
    Scope,
    Simulation,
    app_programs,
    producer_names,
    producers_problems,
)
from deploy.local.provision import environment_steps, npm_steps, system_package_steps, unit_test_steps
from deploy.local.servers import flink_environment, rest_keys_command, server_programs, write_configuration
from deploy.local.stack import Stack
from deploy.local.steps import Step, run_steps
from deploy.local.stop import stop_everything
from deploy.local.supervision import Program, create_socket_folder, supervisord_conf
from deploy.local.supervisor_client import ProcessState, Supervisor, SupervisorUnavailable, start_supervisord

WATCH_S = 1.0


def prepare(layout: Layout, *, tests: bool = False) -> int:
    """Install the environments, jars and packages; with `tests`, also those for the tests. Return the exit code."""
    prerequisites.check([*prerequisites.tool_problems(), *prerequisites.java_problems()])
    steps = [*environment_steps(layout, _java_home(_require_java()), tests=tests), *npm_steps(layout, tests=tests)]
    return _prepare(layout, [*steps, *(system_package_steps(layout) if tests else [])])


def prepare_unit_tests(layout: Layout) -> int:
    """Install the Python and npm packages for `make lint` and the unit tests; return the exit code."""
    prerequisites.check([*prerequisites.python_problems(), *prerequisites.node_problems()])
    return _prepare(layout, unit_test_steps(layout))


def _prepare(layout: Layout, steps: Sequence[Step]) -> int:
    layout.create_folders()
    return run_guarded(lambda: _run_prepare_steps(layout, steps), lambda: None)


def _run_prepare_steps(layout: Layout, steps: Sequence[Step]) -> None:
    with locked(layout.root, wait=True):
        run_steps(steps, echo)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """Options of `make run`."""

    simulation: Simulation = field(default_factory=Simulation)
    producers: str | None = None
    scope: Scope = Scope.ALL

    def problems(self) -> list[str]:
        return [*self.simulation.problems(), *producers_problems(self.producers)]

    def programs(self, layout: Layout, java: str) -> list[Program]:
        """Return the programs in start order."""
        servers = server_programs(layout, java)
        if self.scope is Scope.SERVERS:
            return servers
        programs = [*servers, *app_programs(layout, self.simulation, self.producer_count)]
        if self.scope is Scope.ALL:
            return programs
        wanted = INGEST_PROGRAMS.union(producer_names(self.producer_count))
        return [program for program in programs if program.name in wanted]

    @property
    def producer_count(self) -> int:
        return int(self.producers or 1)


def run_servers(layout: Layout) -> int:
    """Start Kafka, Cassandra, Valkey and Flink, and leave them running; return the exit code."""
    return run(layout, RunOptions(scope=Scope.SERVERS), detach=True)


def run(layout: Layout, options: RunOptions, *, detach: bool) -> int:
    """Start an instance and, unless `detach`, run until it is stopped; return the exit code."""
    prerequisites.check(
        [
            *prerequisites.tool_problems(),
            *prerequisites.java_problems(),
            *prerequisites.path_problems(layout),
            *prerequisites.source_problems(layout),
            *(
                prerequisites.running_problems(layout)
                or prerequisites.loopback_problems()
                or prerequisites.port_problems(layout)
            ),
            *options.problems(),
        ]
    )
    layout.create_folders()
    if layout.simulated:
        layout.simulated_marker.touch()
    started = time.monotonic()

    def work() -> None:
        with pid_file(layout.var):
            supervisord = _start_all(layout, options)
            _print_ready(layout, time.monotonic() - started, options.scope)
            if not detach:
                _watch(Supervisor(layout), supervisord)

    try:
        with locked(layout.var, wait=False):
            return run_guarded(work, lambda: stop_everything(layout, echo))
    except BlockingIOError:
        raise prerequisites.PrerequisiteError([f"another `make run` is using {layout.var}: stop it first"]) from None


def _start_all(layout: Layout, options: RunOptions) -> subprocess.Popen[bytes]:
    java = _require_java()
    prepare_steps = environment_steps(layout, _java_home(java))
    _run_prepare_steps(
        layout, prepare_steps if options.scope is Scope.SERVERS else [*prepare_steps, *npm_steps(layout)]
    )
    environment = _environment(layout, java, options.scope)
    write_configuration(layout)
    run_command(rest_keys_command(layout), layout.log_file("rest-keys"), layout.root, environment)
    demo_password(layout)
    # A new `make run` replays the recording from the beginning. After a restart by the supervisor, the simulator finds
    # this file and resumes.
    (layout.var / "ledger" / "replay.json").unlink(missing_ok=True)
    create_socket_folder(layout.var)
    programs = options.programs(layout, java)
    (layout.conf / "supervisord.conf").write_text(supervisord_conf(layout, programs))
    supervisord = start_supervisord(layout, environment)
    has_history = any(program.name == HISTORY for program in programs)
    stack = Stack(layout, Supervisor(layout), java, environment, options.producer_count, has_history)
    run_steps(stack.steps(options.scope), echo, check=lambda: check_alive(supervisord))
    return supervisord


def _environment(layout: Layout, java: str, scope: Scope) -> dict[str, str]:
    """Return the environment of every process.

    It excludes the settings, because they include secrets. Processes and manual commands read them from run.env.
    """
    extra = {**flink_environment(layout), "JAVA_HOME": _java_home(java)}
    if scope is Scope.INGEST:
        # Cassandra is not started, so Django must not connect to it.
        extra["CASSANDRA_HOSTS"] = ""
    saved = write_run_env(layout, extra)
    instance = {name: saved[name] for name in ("TWITCHLY_VAR", "TWITCHLY_PORT")}
    settings = {*saved, *known_settings(layout)}
    inherited = {name: value for name, value in os.environ.items() if name not in settings}  # defense: process-secrets
    # Fewer malloc arenas save a third of the memory of the JVMs, which have many idle threads.
    tuning = {"PYTHONUNBUFFERED": "1", "MALLOC_ARENA_MAX": "2"}
    return {**inherited, **instance, **extra, **tuning, **utf8_environment()}


def _require_java() -> str:
    java = prerequisites.find_java()
    if java is None:
        raise prerequisites.PrerequisiteError(prerequisites.java_problems())
    return java


def _java_home(java: str) -> str:
    return str(Path(java).resolve().parent.parent)


def check_alive(supervisord: subprocess.Popen[bytes]) -> None:
    """Raise SupervisorUnavailable if supervisord has exited, since no step can then finish."""
    status = supervisord.poll()
    if status is not None:
        raise SupervisorUnavailable(f"the supervisor was {'stopped' if status == 0 else 'killed'} during start-up")


def _print_ready(layout: Layout, seconds: float, scope: Scope) -> None:
    if scope is Scope.INGEST:
        echo(f"Ingest is running (started in {seconds:.1f} s). Stop it with `make stop TWITCHLY_VAR={layout.var}`")
        return
    if scope is Scope.SERVERS:
        echo(f"Servers are running (started in {seconds:.1f} s). Stop them with `make stop TWITCHLY_VAR={layout.var}`")
        return
    echo(f"\nTwitchly is running at http://127.0.0.1:{layout.ports.web} (started in {seconds:.1f} s)")
    echo(f"Sign in as {DEMO_EMAIL} with the password {demo_password(layout)}\n")


def _watch(supervisor: Supervisor, supervisord: subprocess.Popen[bytes]) -> None:
    """Print state changes until everything is stopped. Raises: SupervisorUnavailable if supervisord is killed."""
    echo("Press Ctrl-C to stop. `make status` shows the processes.")
    previous = {state.name: state for state in supervisor.states()}
    while supervisord.poll() is None:
        time.sleep(WATCH_S)
        try:
            states = supervisor.states()
        except SupervisorUnavailable:
            break
        for text in state_changes(previous, states):
            echo(f"{time.strftime('%H:%M:%S')} {text}")
        previous = {state.name: state for state in states}
    if supervisord.wait() != 0:
        raise SupervisorUnavailable(f"the supervisor was killed (status {supervisord.returncode})")
    echo("Stopped.")


def state_changes(previous: dict[str, ProcessState], states: Sequence[ProcessState]) -> list[str]:
    """Return a line for each process whose state or pid changed."""
    lines = []
    for state in states:
        last = previous[state.name]
        if state.state == "up" and (last.state != "up" or state.pid != last.pid):
            lines.append(f"{state.name} is up (pid {state.pid})")
        elif state.state != last.state and state.state != "stopping":
            lines.append(f"{state.name} is {state.state}")
    return lines
