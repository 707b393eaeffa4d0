"""Our own processes: how each is started."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.supervision import Program

DEMO_EMAIL = "demo@twitchly.example"


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


def our_programs(layout: Layout, simulation: Simulation) -> list[Program]:
    """Return our processes in the order they start."""
    python, manage = str(layout.python), str(layout.root / "manage.py")
    celery = [python, "-m", "celery", "-A", "twitchly"]
    web = ["uvicorn", "twitchly.asgi:application", "--host", "127.0.0.1", "--port", str(layout.ports.web)]
    limits = ["--ws-max-size", "65536", "--no-server-header", "--timeout-graceful-shutdown", "5"]
    twitch = Program("twitch", [python, manage, "simulate_twitch", *_twitch_options(layout), *simulation.options()])
    return [
        *([twitch] if layout.simulated else []),
        Program("worker", [*celery, "worker", "--pool", "solo", "--loglevel", "INFO"]),
        Program("beat", [*celery, "beat", "-s", str(layout.var / "celerybeat-schedule"), "--loglevel", "INFO"]),
        Program("producer", [python, manage, "run_producer"]),
        Program("flink-job", [python, manage, "submit_flink_job", "--watch"]),
        Program("sink-history", [python, manage, "run_sink", "history"]),
        Program("sink-boards", [python, manage, "run_sink", "boards"]),
        Program("web", [python, "-m", *web, *limits]),
    ]


def _twitch_options(layout: Layout) -> Sequence[str]:
    ports = ["--irc-port", str(layout.ports["simulated IRC"]), "--helix-port", str(layout.ports["simulated Helix"])]
    return [*ports, "--ledger", str(layout.var / "ledger")]


def database_commands(layout: Layout) -> list[str]:
    """Return what prepares the relational database and the static files, in one interpreter."""
    demo = ["ensure_demo_user", "--email", DEMO_EMAIL, "--password-file", str(layout.password_file)]
    commands = str(layout.root / "deploy" / "local" / "commands.py")
    return [
        *(str(layout.python), commands),
        *("migrate", "--noinput", "-v", "0", "--"),
        *("collectstatic", "--noinput", "-v", "0", "--"),
        *demo,
    ]


def manage_command(layout: Layout, *words: str) -> list[str]:
    return [str(layout.python), str(layout.root / "manage.py"), *words]
