"""What must be on the machine before anything starts; every problem is found at once, each with what to do."""

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
from deploy.local.ports import NAMES, SIMULATED, holder, taken
from deploy.local.supervisor_client import Supervisor, SupervisorAway, leftovers

JAVA_RELEASE = 17
TOOLS = {
    "mvn": "Maven is missing: install it (Debian: apt-get install maven)",
    "node": "Node.js is missing: install it (Debian: apt-get install nodejs npm)",
    "npm": "npm is missing: install it (Debian: apt-get install npm)",
    "bash": "bash is missing: install it; `flink run` needs it",
}
# Java's list of classes, Kafka's list of folders, YAML's and Valkey's quotes, and comments in supervisord.conf.
UNUSABLE = (":", ",", '"', "\\", ";", "#")


class Unmet(Exception):
    """Something is missing or in the way; `problems` names each with what to do."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def check(problems: Iterable[str]) -> None:
    """Raises: Unmet when there is any problem."""
    if found := list(problems):
        raise Unmet(found)


def python_problems(version: tuple[int, int] = sys.version_info[:2]) -> list[str]:
    """Return what is wrong with the Python this runs on."""
    problems = []
    if version != (3, 11):
        problems.append(f"Python 3.11 is needed, this is {version[0]}.{version[1]}: run `make PYTHON=python3.11 …`")
    if importlib.util.find_spec("ensurepip") is None:
        problems.append("Python has no ensurepip: install it (Debian: apt-get install python3.11-venv)")
    return problems


def node_problems(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Return what is missing to install and run the npm packages."""
    return [TOOLS[tool] for tool in ("node", "npm") if which(tool) is None]


def tool_problems(which: Callable[[str], str | None] = shutil.which) -> list[str]:
    """Return what is missing on this machine, Java aside."""
    problems = python_problems()
    if not Path("/proc/self/environ").exists():
        problems.append("there is no /proc: Twitchly's local stack runs on Linux only")
    return problems + [text for tool, text in TOOLS.items() if which(tool) is None]


def java_problems() -> list[str]:
    return [] if find_java() else [java_problem([(java, java_release(java)) for java in java_candidates()])]


def java_problem(found: Sequence[tuple[str, int]]) -> str:
    """Return what to do about Java, given the programs there are and their releases (0: does not run)."""
    seen = ", ".join(f"{path} is {release or 'broken'}" for path, release in found) or "none found"
    return (
        f"Java {JAVA_RELEASE} is needed ({seen}); Cassandra 5.0 runs on no newer one: "
        f"install it (Debian: apt-get install openjdk-{JAVA_RELEASE}-jre-headless) or name its folder in JAVA_HOME"
    )


def java_candidates() -> list[str]:
    """Return the Java programs to try, best first."""
    places = [Path(os.environ["JAVA_HOME"]) / "bin" / "java"] if os.environ.get("JAVA_HOME") else []
    on_path = shutil.which("java")
    places += [Path(on_path).resolve()] if on_path else []
    places += sorted(Path("/usr/lib/jvm").glob(f"*{JAVA_RELEASE}*/bin/java"))
    return list(dict.fromkeys(str(place) for place in places if place.exists()))


def java_release(java: str) -> int:
    """Return the feature release of a Java program, 0 when it does not run."""
    try:
        run = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return 0
    return read_release(run.stderr)


def read_release(text: str) -> int:
    """Read the feature release out of `java -version`: 17 in `openjdk version "17.0.15"`, 8 in `"1.8.0_402"`."""
    match = re.search(r'version "(?:1\.)?(\d+)', text)
    return int(match.group(1)) if match else 0


def find_java() -> str | None:
    """Return the Java to run everything with."""
    return next((java for java in java_candidates() if java_release(java) == JAVA_RELEASE), None)


def path_problems(layout: Layout) -> list[str]:
    """Return which of our two folders has a character that a server's configuration cannot hold."""
    folders = {"TWITCHLY_VAR": layout.var, "the project's folder": layout.root}
    return [
        f"{name} is {str(path)!r}, which has {character!r}: use a path without control characters and without any of "
        f"{' '.join(UNUSABLE)}"
        for name, path in folders.items()
        if (character := _unusable(str(path)))
    ]


def _unusable(path: str) -> str:
    """Return the first character that cannot be used, "" where all can; undecodable bytes are surrogates."""
    return next((one for one in path if one in UNUSABLE or unicodedata.category(one) in ("Cc", "Cs")), "")


def running_problems(layout: Layout) -> list[str]:
    """Return what already runs of this copy."""
    try:
        pid = Supervisor(layout).pid()
    except SupervisorAway:
        left = ", ".join(map(str, leftovers(layout)))
        return (
            [f"processes of an earlier start in {layout.var} are left (pid {left}): `make stop` first"] if left else []
        )
    return [
        f"Twitchly already runs from {layout.var} (supervisor pid {pid}, "
        f"{layout.running_address()}): `make stop` first, or name another folder and port in "
        "TWITCHLY_VAR and TWITCHLY_PORT"
    ]


def loopback_problems() -> list[str]:
    """Return what to do where 127.0.0.1 is not an address of this machine: every server listens there."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", 0))
            probe.listen()
            socket.create_connection(probe.getsockname(), timeout=2).close()
        except OSError as error:
            return [f"127.0.0.1 cannot be used ({error.strerror or error}): give the loopback interface that address"]
    return []


def port_problems(layout: Layout) -> list[str]:
    """Return the ports that somebody else holds."""
    wanted = [name for name in NAMES if layout.simulated or name not in SIMULATED]
    return [
        f"port {layout.ports[name]} ({name}) is taken by {holder(layout.ports[name])}: end it, or set TWITCHLY_PORT "
        f"to another web port (now {layout.ports.web}; the next {len(NAMES) - 1} are used too)"
        for name in wanted
        if taken(layout.ports[name])
    ]
