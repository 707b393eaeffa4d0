"""Our own processes: how each is started."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.supervision import Program

DEMO_EMAIL = "demo@twitchly.example"
# As many as have a port for their metrics; `chat` has as many partitions.
PRODUCERS_MAX = 4


class Extent(Enum):
    """How much of Twitchly is started."""

    EVERYTHING = "everything"
    LISTENING = "listening"
    SERVERS = "servers"


# What it takes from Twitch to Kafka, the producers aside.
LISTENING_PROGRAMS = frozenset({"kafka", "valkey", "twitch", "worker", "beat"})


@dataclass(frozen=True, slots=True)
class Simulation:
    """What the simulated Twitch is asked to play, as given to `make run`; None is its own default."""

    replay: Path | None = None
    speed: str | None = None
    rate: str | None = None
    channels: str | None = None
    seed: str | None = None

    def options(self) -> list[str]:
        names = ("replay", "speed", "rate", "channels", "seed")
        values = {name: getattr(self, name) for name in names}
        return [word for name, value in values.items() if value is not None for word in (f"--{name}", str(value))]

    def problems(self) -> list[str]:
        """Return what is wrong, by the variables of `make run`; manage.py simulate_twitch expects the same."""
        found = [
            f"{name} is {value!r}: expected {expected}"
            for name, value, right, expected in (
                ("REPLAY", self._replay_text(), self._is_recording(), "a .csv or .csv.gz file that exists"),
                ("SPEED", self.speed, is_positive(self.speed), "a number above 0"),
                ("RATE", self.rate, is_positive(self.rate), "messages a second, a number above 0"),
                ("CHANNELS", self.channels, is_whole(self.channels, at_least=1), "a whole number above 0"),
                ("SEED", self.seed, is_whole(self.seed), "a whole number"),
            )
            if value is not None and not right
        ]
        if self.speed is not None and self.replay is None:
            found.append("SPEED is given without REPLAY: expected the recording whose pace it changes")
        return found

    def _replay_text(self) -> str | None:
        return None if self.replay is None else str(self.replay)

    def _is_recording(self) -> bool:
        return self.replay is not None and self.replay.name.endswith((".csv", ".csv.gz")) and self.replay.is_file()


def is_positive(text: str | None) -> bool:
    try:
        return 0 < float(text or "") < float("inf")
    except ValueError:
        return False


def is_whole(text: str | None, at_least: int | None = None) -> bool:
    if re.fullmatch(r"-?[0-9]+", text or "") is None:
        return False
    return at_least is None or int(text or "") >= at_least


def producer_names(producers: int) -> list[str]:
    """Return the programs of so many producers: "producer", "producer-2" and so on."""
    return ["producer", *(f"producer-{number}" for number in range(2, producers + 1))]


def producers_problems(producers: str | None) -> list[str]:
    """Return what is wrong with the number of producers that `make run` was given."""
    if producers is None or (is_whole(producers, at_least=1) and int(producers) <= PRODUCERS_MAX):
        return []
    return [f"PRODUCERS is {producers!r}: expected a whole number from 1 to {PRODUCERS_MAX}"]


def our_programs(layout: Layout, simulation: Simulation, producers: int = 1) -> list[Program]:
    """Return our processes in the order they start."""
    python, manage = str(layout.python), str(layout.root / "manage.py")
    # Quiet: its banner is no line of a log.
    celery = [python, "-m", "celery", "-q", "-A", "twitchly"]
    web = ["uvicorn", "twitchly.entry.asgi:application", "--host", "127.0.0.1", "--port", str(layout.ports.web)]
    # Frames are not compressed: each would be anew for every socket, at several times the cost of sending it.
    sockets = ["--ws", "twitchly.websockets:ClosingProtocol", "--ws-per-message-deflate", "false"]
    sockets += ["--http", "twitchly.http_limits:PromptProtocol"]
    # A page that takes nothing is told so after 60 s, before it counts as gone.
    limits = [
        "--ws-max-size",
        "8192",
        "--ws-ping-timeout",
        "90",
        "--no-server-header",
        # Requests are counted; a list of who read what is nobody's business.
        "--no-access-log",
        "--timeout-graceful-shutdown",
        "5",
        *_proxies(layout),
    ]
    twitch = Program("twitch", [python, manage, "simulate_twitch", *_twitch_options(layout), *simulation.options()])
    return [
        *([twitch] if layout.simulated else []),
        Program("worker", [*celery, "worker", "--pool", "solo", "--loglevel", "INFO"]),
        Program("beat", [*celery, "beat", "--loglevel", "INFO"]),  # defense: beat-schedule
        *(_producer(layout, name, number) for number, name in enumerate(producer_names(producers), start=1)),
        Program("flink-job", [python, manage, "submit_flink_job", "--watch"]),
        Program("sink-history", [python, manage, "run_sink", "history"]),
        Program("sink-boards", [python, manage, "run_sink", "boards"]),
        Program("web", [python, "-m", *web, *sockets, *limits], is_waited_for=True),
    ]


def _proxies(layout: Layout) -> list[str]:
    """Believe what proxies of ours say of addresses and HTTPS, and nobody else: uvicorn would believe this machine."""
    proxies = layout.settings.get("TRUSTED_PROXIES")
    return ["--forwarded-allow-ips", proxies] if proxies else ["--no-proxy-headers"]  # defense: forwarded-headers


def _producer(layout: Layout, name: str, number: int) -> Program:
    metrics = ["--metrics-port", str(layout.ports[f"{name}'s metrics"])]
    return Program(name, manage_command(layout, "run_producer", "--name", f"producer-{number}", *metrics))


def _twitch_options(layout: Layout) -> Sequence[str]:
    names = {"irc": "simulated IRC", "helix": "simulated Helix", "ws": "simulated WebSocket", "tls": "simulated TLS"}
    ports = [word for option, name in names.items() for word in (f"--{option}-port", str(layout.ports[name]))]
    return [*ports, "--ledger", str(layout.var / "ledger")]


def database_commands(layout: Layout) -> list[str]:
    """Return what prepares the relational database and the static files, in one interpreter."""
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
