"""The start-up steps of an instance, up to its first live board, and the condition that completes each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from deploy.local import readiness
from deploy.local.children import run_command
from deploy.local.layout import Layout
from deploy.local.programs import HISTORY, Scope, database_commands, manage_command, producer_names
from deploy.local.servers import kafka_format_command, kafka_is_formatted
from deploy.local.steps import Step, wait_until
from deploy.local.supervisor_client import Supervisor

SERVER_LIMIT_S = 180
PROCESS_LIMIT_S = 120
BOARD_LIMIT_S = 300
FLINK_REST = "Flink's REST API"


@dataclass(frozen=True)
class Stack:
    """Start sequence of one instance."""

    layout: Layout
    supervisor: Supervisor
    java: str
    environment: dict[str, str]
    producers: int = 1
    has_history: bool = False

    def steps(self, scope: Scope) -> list[Step]:
        """Return all steps of the start-up, in display order."""
        if scope is Scope.INGEST:
            steps = [*self._ingest_servers(), *self._ingest_steps(), *self._producer_steps()]
            return [*steps, self._joins_step()] if self.layout.simulated else steps
        servers = [*self._ingest_servers(), *self._processing_servers()]
        if scope is Scope.SERVERS:
            return servers
        app_steps = [*self._ingest_steps(), *self._producer_steps(), *self._processing_steps()]
        after = [step.name for step in app_steps]
        board = self._step("First board", self._board, "a value to change", "sink-boards", after)
        history = self._step("Simulated past", self._history, "its process to start", HISTORY, (board.name,))
        return [*servers, *app_steps, board, *([history] if self.has_history else [])]

    def _ingest_servers(self) -> list[Step]:
        ports = self.layout.ports
        return [
            self._step("Kafka", self._kafka, f"a listener on 127.0.0.1:{ports['Kafka']}", "kafka"),
            self._step("Valkey", self._valkey, f"PONG from 127.0.0.1:{ports['Valkey']}", "valkey"),
        ]

    def _processing_servers(self) -> list[Step]:
        port = self.layout.ports["Cassandra"]
        return [
            self._step("Cassandra", self._cassandra, f"CQL on 127.0.0.1:{port}", "cassandra"),
            self._step("Flink job manager", self._job_manager, "its REST API", "flink-jobmanager"),
            self._step("Flink task manager", self._task_manager, "its registration", "flink-taskmanager"),
        ]

    def _ingest_steps(self) -> list[Step]:
        """Return the steps that producers need in addition to the servers."""
        simulated = self._step("Simulated Twitch", self._twitch, "IRC and Helix", "twitch")
        twitch = [simulated] if self.layout.simulated else []
        celery_after = ("Valkey", "Database and pages", *(step.name for step in twitch))
        return [
            *twitch,
            self._command("Database and pages", database_commands(self.layout), "preparing the database", ()),
            self._command("Topics", manage_command(self.layout, "create_topics"), "creating topics", ("Kafka",)),
            self._step("Celery", self._celery, "the channel list", "worker", celery_after),
        ]

    def _producer_steps(self) -> list[Step]:
        return [self._process(name.capitalize(), name, ("Topics", "Celery")) for name in producer_names(self.producers)]

    def _joins_step(self) -> Step:
        after = [name.capitalize() for name in producer_names(self.producers)]
        return self._step("First joins", self._joins, "a confirmed join", "producer", after)

    def _processing_steps(self) -> list[Step]:
        tables = manage_command(self.layout, "create_tables")
        return [
            self._command("Tables", tables, "creating tables", ("Cassandra",)),
            self._step("Flink job", self._flink_job, "all tasks to run", "flink-job", ("Topics", "Flink task manager")),
            self._process("Sink history", "sink-history", ("Topics", "Tables")),
            self._process("Sink boards", "sink-boards", ("Topics", "Valkey")),
            self._step("Web", self._web, "its first page", "web", ("Database and pages", "Valkey", "Cassandra")),
        ]

    def _step(
        self, name: str, work: Callable[[], str], waits_for: str, program: str, after: Sequence[str] = ()
    ) -> Step:
        return Step(name, work, f"waiting for {waits_for}", after, self.layout.log_file(program))

    def _process(self, name: str, program: str, after: Sequence[str]) -> Step:
        return self._step(name, partial(self._run, program), "the process to stay up", program, after)

    def _command(self, name: str, command: list[str], activity: str, after: Sequence[str]) -> Step:
        log = self.layout.log_file(name.lower().replace(" ", "-"))
        return Step(name, lambda: self._run_command(command, log), activity, after, log)

    def _run_command(self, command: list[str], log: Path) -> str:
        run_command(command, log, self.layout.root, self.environment)
        return "done"

    def _kafka(self) -> str:
        if not kafka_is_formatted(self.layout):
            log = self.layout.log_file("kafka-format")
            run_command(kafka_format_command(self.layout, self.java), log, self.layout.root, self.environment)
        return self._listen("kafka", "Kafka")

    def _cassandra(self) -> str:
        return self._listen("cassandra", "Cassandra")

    def _valkey(self) -> str:
        port = self.layout.ports["Valkey"]
        self.supervisor.start("valkey")
        wait_until(lambda: readiness.redis_command(port, 0, "PING") == "PONG", 30, "PONG", 0.05)
        return f"ready on 127.0.0.1:{port}"

    def _job_manager(self) -> str:
        self.supervisor.start("flink-jobmanager")
        wait_until(lambda: "taskmanagers" in self._flink("/overview"), SERVER_LIMIT_S, "its REST API")
        return f"ready on 127.0.0.1:{self.layout.ports[FLINK_REST]}"

    def _task_manager(self) -> str:
        self.supervisor.start("flink-taskmanager")
        wait_until(lambda: self._flink("/overview")["slots-total"] > 0, SERVER_LIMIT_S, "a registered task manager")
        return f"registered with {self._flink('/overview')['slots-total']} slots"

    def _twitch(self) -> str:
        self.supervisor.start("twitch")
        names = ("simulated IRC", "simulated Helix")
        for name in names:
            self._wait_for_port(name)
        return f"ready on 127.0.0.1:{self.layout.ports[names[0]]} and :{self.layout.ports[names[1]]}"

    def _celery(self) -> str:
        port, started_ms = self.layout.ports["Valkey"], time.time_ns() // 1_000_000
        for name in ("worker", "beat"):
            self.supervisor.start(name)
        wait_until(lambda: readiness.streams_fetched_ms(port) >= started_ms, PROCESS_LIMIT_S, "a new channel list")
        return "channel list refreshed"

    def _flink_job(self) -> str:
        self.supervisor.start("flink-job")
        wait_until(self._is_job_running, SERVER_LIMIT_S, "all tasks to run")
        return "running"

    def _is_job_running(self) -> bool:
        return readiness.is_job_running(self._flink("/jobs/overview"))

    def _web(self) -> str:
        self.supervisor.start("web")
        url = f"http://127.0.0.1:{self.layout.ports.web}/"
        wait_until(lambda: readiness.http_responds(url), PROCESS_LIMIT_S, "a page")
        return f"ready at {url}"

    def _board(self) -> str:
        port = self.layout.ports["Valkey"]
        has_updated = readiness.BoardUpdated(lambda: readiness.read_board(port), self._now_ms)
        wait_until(has_updated, BOARD_LIMIT_S, f"board values of the last {readiness.FRESH_MS // 1_000} s")
        return "updating"

    def _history(self) -> str:
        self.supervisor.start(HISTORY)
        return "being written in the background: `make status` shows the progress"

    def _joins(self) -> str:
        port = self.layout.ports["simulated Helix"]
        url = f"http://127.0.0.1:{port}/simulator"
        wait_until(lambda: readiness.joined_channels(readiness.get_json(url)) > 0, PROCESS_LIMIT_S, "a confirmed join")
        return "confirmed"

    def _now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.layout.clock_offset_ms

    def _run(self, program: str) -> str:
        self.supervisor.start(program)
        wait_until(lambda: self._pid(program) > 0, PROCESS_LIMIT_S, "the process to stay up")
        return f"running (pid {self._pid(program)})"

    def _pid(self, program: str) -> int:
        states = {state.name: state for state in self.supervisor.states()}
        return states[program].pid if states[program].state == "up" else 0

    def _listen(self, program: str, port_name: str) -> str:
        self.supervisor.start(program)
        self._wait_for_port(port_name)
        return f"ready on 127.0.0.1:{self.layout.ports[port_name]}"

    def _wait_for_port(self, name: str) -> None:
        port = self.layout.ports[name]
        wait_until(lambda: readiness.accepts_connections(port), SERVER_LIMIT_S, f"a listener on port {port}")

    def _flink(self, path: str) -> Any:
        port = self.layout.ports[FLINK_REST]
        return readiness.get_json(f"https://127.0.0.1:{port}{path}", readiness.rest_context(self.layout.conf))
