"""Commands of Twitchly's own processes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.supervision import Program

DEMO_EMAIL = "demo@twitchly.example"
# Limited by the metrics ports and by the partitions of `chat`.
PRODUCERS_MAX = 4
# Less than the 90 days for which events and minutes are stored.
HISTORY_DAYS_MAX = 80
# The program that fills an instance with a simulated past, then exits.
HISTORY = "history"


class Scope(Enum):
    """The set of processes to start."""

    ALL = "all"
    INGEST = "ingest"
    SERVERS = "servers"


# The processes between Twitch and Kafka, except the producers.
INGEST_PROGRAMS = frozenset({"kafka", "valkey", "twitch", "worker", "beat"})


@dataclass(frozen=True, slots=True)
class Simulation:
    """Options of the simulated Twitch, as given to `make run`; None means the default."""

    replay: Path | None = None
    speed: str | None = None
    rate: str | None = None
    channels: str | None = None
    seed: str | None = None
    history: str | None = None

    def options(self) -> list[str]:
        names = ("replay", "speed", "rate", "channels", "seed")
        return _words({name: getattr(self, name) for name in names})

    def history_options(self) -> list[str] | None:
        """Return the options of simulate_history, or None if the instance gets no simulated past."""
        if self.replay is not None or (self.history is not None and int(self.history) == 0):
            return None
        return _words({"rate": self.rate, "channels": self.channels, "seed": self.seed, "days": self.history})

    def problems(self) -> list[str]:
        """Report invalid options by their `make run` names; manage.py simulate_twitch applies the same checks."""
        problems = [
            f"{name} is {value!r}: expected {expected}"
            for name, value, is_valid, expected in (
                ("REPLAY", self._replay_text(), self._is_recording(), "an existing .csv or .csv.gz file"),
                ("SPEED", self.speed, is_positive(self.speed), "a number above 0"),
                ("RATE", self.rate, is_positive(self.rate), "messages per second, a number above 0"),
                ("CHANNELS", self.channels, is_integer(self.channels, at_least=1), "a whole number above 0"),
                ("HISTORY", self.history, self._is_days(), f"a whole number of days from 0 to {HISTORY_DAYS_MAX}"),
                ("SEED", self.seed, is_integer(self.seed), "a whole number"),
            )
            if value is not None and not is_valid
        ]
        if self.speed is not None and self.replay is None:
            problems.append("SPEED is set without REPLAY: set REPLAY to a recording, or remove SPEED")
        return problems

    def _replay_text(self) -> str | None:
        return None if self.replay is None else str(self.replay)

    def _is_days(self) -> bool:
        return is_integer(self.history, at_least=0) and int(self.history or "") <= HISTORY_DAYS_MAX

    def _is_recording(self) -> bool:
        return self.replay is not None and self.replay.name.endswith((".csv", ".csv.gz")) and self.replay.is_file()


def _words(options: Mapping[str, object]) -> list[str]:
    """Return the options that have a value as command-line arguments."""
    return [word for name, value in options.items() if value is not None for word in (f"--{name}", str(value))]


def is_positive(text: str | None) -> bool:
    return re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?(e[0-9])?", text or "") is not None and float(text or "") > 0


def is_integer(text: str | None, at_least: int | None = None) -> bool:
    if re.fullmatch(r"-?[0-9]+", text or "") is None:
        return False
    return at_least is None or int(text or "") >= at_least


def producer_names(producers: int) -> list[str]:
    """Return the program names of the producers: "producer", "producer-2" and so on."""
    return ["producer", *(f"producer-{number}" for number in range(2, producers + 1))]


def producers_problems(producers: str | None) -> list[str]:
    """Report an invalid number of producers."""
    if producers is None or (is_integer(producers, at_least=1) and int(producers) <= PRODUCERS_MAX):
        return []
    return [f"PRODUCERS is {producers!r}: expected a whole number from 1 to {PRODUCERS_MAX}"]


def app_programs(layout: Layout, simulation: Simulation, producers: int = 1) -> list[Program]:
    """Return Twitchly's processes in start order."""
    python, manage = str(layout.python), str(layout.root / "manage.py")
    # -q hides the banner, which does not follow the log format.
    celery = [python, "-m", "celery", "-q", "-A", "twitchly"]
    web = ["uvicorn", "twitchly.entry.asgi:application", "--host", "127.0.0.1", "--port", str(layout.ports.web)]
    # No compression, because it would be repeated for every socket and cost several times as much as sending the frame.
    sockets = ["--ws", "twitchly.websockets:ClosingProtocol", "--ws-per-message-deflate", "false"]
    sockets += ["--http", "twitchly.http_limits:PromptProtocol"]
    # The ping timeout exceeds the 60 s after which the application closes the socket of a slow client, with a
    # specific close code.
    limits = [
        "--ws-max-size",
        "8192",
        "--ws-ping-timeout",
        "90",
        "--no-server-header",
        # Requests are counted in metrics. An access log would record personal data.
        "--no-access-log",
        "--timeout-graceful-shutdown",
        "5",
        *_proxy_options(layout),
    ]
    twitch = Program("twitch", [python, manage, "simulate_twitch", *_simulator_options(layout), *simulation.options()])
    return [
        *([twitch] if layout.simulated else []),
        Program("worker", [*celery, "worker", "--pool", "solo", "--loglevel", "INFO"]),
        Program("beat", [*celery, "beat", "--loglevel", "INFO"]),  # defense: beat-schedule
        *(_producer(layout, name, number) for number, name in enumerate(producer_names(producers), start=1)),
        Program("flink-job", [python, manage, "submit_flink_job", "--watch"]),
        Program("sink-history", [python, manage, "run_sink", "history"]),
        Program("sink-boards", [python, manage, "run_sink", "boards"]),
        Program("web", [python, "-m", *web, *sockets, *limits], is_latency_sensitive=True),
        *_history(layout, simulation),
    ]


def _proxy_options(layout: Layout) -> list[str]:
    """Trust X-Forwarded-* headers from TRUSTED_PROXIES only; by default uvicorn trusts every local process."""
    proxies = layout.settings.get("TRUSTED_PROXIES")
    return ["--forwarded-allow-ips", proxies] if proxies else ["--no-proxy-headers"]  # defense: forwarded-headers


def _producer(layout: Layout, name: str, number: int) -> Program:
    metrics = ["--metrics-port", str(layout.ports[f"{name}'s metrics"])]
    return Program(name, manage_command(layout, "run_producer", "--name", f"producer-{number}", *metrics))


def _history(layout: Layout, simulation: Simulation) -> list[Program]:
    options = simulation.history_options() if layout.simulated else None
    command = manage_command(layout, "simulate_history", "--demo-email", DEMO_EMAIL, *(options or ()))
    return [] if options is None else [Program(HISTORY, command, runs_once=True)]


def _simulator_options(layout: Layout) -> Sequence[str]:
    names = {"irc": "simulated IRC", "helix": "simulated Helix", "ws": "simulated WebSocket", "tls": "simulated TLS"}
    ports = [word for option, name in names.items() for word in (f"--{option}-port", str(layout.ports[name]))]
    return [*ports, "--ledger", str(layout.var / "ledger")]


def database_commands(layout: Layout) -> list[str]:
    """Return the command that prepares the relational database and the static files in one interpreter."""
    demo = ["ensure_demo_user", "--email", DEMO_EMAIL, "--password-file", str(layout.password_file)]
    commands = str(layout.root / "deploy" / "local" / "commands.py")
    return [
        *(str(layout.python), commands),
        *("migrate", "--noinput", "-v", "0", "--"),
        *("collectstatic", "--noinput", "--clear", "-v", "0", "--"),
        *demo,
    ]


def manage_command(layout: Layout, *words: str) -> list[str]:
    return [str(layout.python), str(layout.root / "manage.py"), *words]
