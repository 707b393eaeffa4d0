"""Checks of the machine before start-up. They report all problems at once, each with its remedy."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import socket
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from deploy.local.layout import Layout
from deploy.local.ports import NAMES, SIMULATED, is_taken, port_owner
from deploy.local.supervisor_client import Supervisor, SupervisorUnavailable, instance_pids

JAVA_RELEASE = 17
TOOLS = {
    "mvn": "Maven is missing: install it (Debian: apt-get install maven)",
    "node": "Node.js is missing: install it (Debian: apt-get install nodejs npm)",
    "npm": "npm is missing: install it (Debian: apt-get install npm)",
    "bash": "bash is missing: install it; `flink run` needs it",
}
# Separators in Java's class path and Kafka's list of folders, quotes in YAML and valkey.conf, comments in
# supervisord.conf.
FORBIDDEN_CHARACTERS = (":", ",", '"', "\\", ";", "#")


class PrerequisiteError(Exception):
    """The machine does not meet the prerequisites; `problems` lists each with its remedy."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check(problems: Iterable[str]) -> None:
    """Raise PrerequisiteError if there are any problems."""
    if unmet := list(problems):
        raise PrerequisiteError(unmet)


def python_problems(version: tuple[int, int] = sys.version_info[:2]) -> list[str]:
    """Report problems with the running Python."""
    problems = []
    if version != (3, 11):
        problems.append(
            f"Python 3.11 is required, but this is {version[0]}.{version[1]}: run `make PYTHON=python3.11 …`"
        )
    if importlib.util.find_spec("ensurepip") is None:
        problems.append("Python lacks ensurepip: install it (Debian: apt-get install python3.11-venv)")
    return problems


def node_problems(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Report missing tools that npm packages need."""
    return [TOOLS[tool] for tool in ("node", "npm") if which(tool) is None]


def tool_problems(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Report problems with Python and the operating system, and missing tools other than Java."""
    problems = python_problems()
    if not Path("/proc/self/environ").exists():
        problems.append("/proc does not exist: `make run` supports Linux only")
    return problems + [text for tool, text in TOOLS.items() if which(tool) is None]


def java_problems() -> list[str]:
    return [] if find_java() else [java_problem([(java, java_release(java)) for java in java_candidates()])]


def java_problem(candidates: Sequence[tuple[str, int]]) -> str:
    """Return the error message for a missing Java installation.

    `candidates` pairs each Java executable with its release, or 0 if it does not run.
    """
    installed = ", ".join(f"{path} is {release or 'broken'}" for path, release in candidates) or "none found"
    return (
        f"Java {JAVA_RELEASE} is required ({installed}); Cassandra 5.0 does not support newer releases: "
        f"install it (Debian: apt-get install openjdk-{JAVA_RELEASE}-jre-headless) or set JAVA_HOME to its folder"
    )


def java_candidates() -> list[str]:
    """Return the Java executables to try, in order of preference."""
    paths = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    paths += [Path(on_path).resolve()] if on_path else []
    paths += sorted(Path("/usr/lib/jvm").glob(f"*{JAVA_RELEASE}*/bin/java"))
    return list(dict.fromkeys(str(path) for path in paths if path.exists()))


def java_release(java: str) -> int:
    """Return the feature release of a Java program, or 0 if it does not run."""
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    return parse_release(run.stderr)


def parse_release(text: str) -> int:
    """Parse the feature release from `java -version`: 17 for `openjdk version "17.0.15"`, 8 for `"1.8.0_402"`."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else 0


def find_java() -> str | None:
    """Return the path of a Java with the required release, or None."""
    return next((java for java in java_candidates() if java_release(java) == JAVA_RELEASE), None)


def path_problems(layout: Layout) -> list[str]:
    """Report folders whose path contains a character that a server's configuration cannot contain."""
    folders = {"TWITCHLY_VAR": layout.var, "the project's folder": layout.root}
    return [
        f"{name} is {str(path)!r}, which contains {character!r}: use a path without control characters and without "
        f"{' '.join(FORBIDDEN_CHARACTERS)}"
        for name, path in folders.items()
        if (character := _first_forbidden(str(path)))
    ]


def _first_forbidden(path: str) -> str:
    """Return the first forbidden character, or "" if there is none; undecodable bytes appear as surrogates."""
    forbidden = (char for char in path if char in FORBIDDEN_CHARACTERS or unicodedata.category(char) in ("Cc", "Cs"))
    return next(forbidden, "")


def source_problems(layout: Layout) -> list[str]:
    """Report leftover simulated data if Twitch credentials are set, because real data would be mixed with it."""
    if layout.simulated or not layout.simulated_marker.exists():
        return []
    return [
        f"{layout.var} has data from the simulated Twitch, but credentials for the real Twitch are set: delete the "
        "data with `make clean-data`, set TWITCHLY_VAR to another folder, or remove the credentials"
    ]


def running_problems(layout: Layout) -> list[str]:
    """Report processes of this instance that are already running."""
    try:
        pid = Supervisor(layout).pid()
    except SupervisorUnavailable:
        pids = ", ".join(map(str, instance_pids(layout)))
        if not pids:
            return []
        return [f"processes of an earlier run in {layout.var} are still running (pid {pids}): run `make stop`"]
    return [
        f"Twitchly is already running in {layout.var} (supervisor pid {pid}, {layout.running_url()}): "
        "run `make stop`, or choose another folder and port with TWITCHLY_VAR and TWITCHLY_PORT"
    ]


def loopback_problems() -> list[str]:
    """Report if 127.0.0.1, on which all servers listen, is unavailable."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
            socket.create_connection(probe.getsockname(), timeout=2).close()
        except OSError as error:
            return [f"127.0.0.1 is unavailable ({error.strerror or error}): assign it to the loopback interface"]
    return []


def port_problems(layout: Layout) -> list[str]:
    """Report ports of this instance that other processes occupy."""
    required = [name for name in NAMES if layout.simulated or name not in SIMULATED]
    return [
        f"port {layout.ports[name]} ({name}) is in use by {port_owner(layout.ports[name])}: stop it, or set "
        f"TWITCHLY_PORT to another web port (now {layout.ports.web}; the next {len(NAMES) - 1} ports are also used)"
        for name in required
        if is_taken(layout.ports[name])
    ]
