"""The configuration of supervisord: one section per program, in start order."""

from __future__ import annotations

import hashlib
import os
import shlex
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local.layout import Layout

# The path of a Unix socket is limited to 108 bytes, and supervisord first binds a path with the suffix ".<pid>".
SOCKET_PATH_BYTES = 96
# Niceness of background programs: with few cores, requests take precedence, but these programs get a tenth of the CPU.
NICENESS = 10


@dataclass(frozen=True)
class Program:
    """A process that supervisord keeps running. `is_latency_sensitive`: users wait for its responses.

    A program that `runs_once` is not restarted after it exits without an error.
    """

    name: str
    command: Sequence[str]
    stop_wait_s: int = 10
    is_latency_sensitive: bool = False
    runs_once: bool = False


def socket_path(var: Path) -> Path:
    """Return the path of supervisord's socket: in `var`, or in the temporary folder if that path is too long."""
    path = var / "supervisor.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_BYTES:
        return path
    key = hashlib.sha256(os.fsencode(var)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"twitchly-{os.getuid()}-{key}" / "supervisor.sock"


def create_socket_folder(var: Path) -> None:
    """Create the socket's folder, private to this user. Raises: PermissionError if another user owns it."""
    folder = socket_path(var).parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to another user: set TWITCHLY_VAR to a shorter path")
    folder.chmod(0o700)


def supervisord_conf(layout: Layout, programs: Sequence[Program]) -> str:
    """Return supervisord.conf, for a supervisord whose working directory is `layout.var`.

    supervisord expands `%`, so it is doubled. It expands programs' log file paths twice, so these are relative, which
    keeps a `%` in the folder's name out of them.
    """
    socket = socket_path(layout.var)
    head: dict[str, dict[str, object]] = {
        "unix_http_server": {"file": socket, "chmod": "0700"},
        "supervisord": {
            "logfile": layout.log_file("supervisord"),
            "logfile_maxbytes": "5MB",
            "logfile_backups": 1,
            "pidfile": layout.var / "supervisord.pid",
            "childlogdir": layout.log,
            "nodaemon": "true",
        },
        "rpcinterface:supervisor": {
            "supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface",
        },
        "supervisorctl": {"serverurl": f"unix://{socket}"},
    }
    sections = [
        _section(name, {key: _escaped(str(value)) for key, value in keys.items()}) for name, keys in head.items()
    ]
    sections += [_program(layout, program, priority) for priority, program in enumerate(programs, start=1)]
    return "\n".join(sections)


def _program(layout: Layout, program: Program, priority: int) -> str:
    launcher = (str(layout.python), "-I", "-S", str(layout.root / "deploy" / "local" / "launcher.py"))
    niceness = str(0 if program.is_latency_sensitive else NICENESS)
    keys = {
        "command": _escaped(shlex.join((*launcher, niceness, *program.command))),
        "directory": _escaped(str(layout.root)),
        "priority": priority,
        "autostart": "false",
        "autorestart": "unexpected" if program.runs_once else "true",
        # As long as a program exits within 3 s of its start, each restart is delayed by a second more than the last
        # one; restarting never stops. A program that runs once may exit immediately.
        "startsecs": 0 if program.runs_once else 3,
        "startretries": 1_000_000,
        "stopasgroup": "true",
        "killasgroup": "true",
        "stopwaitsecs": program.stop_wait_s,
        "redirect_stderr": "true",
        "stdout_logfile": layout.log_file(program.name).relative_to(layout.var),
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": 2,
    }
    return _section(f"program:{program.name}", keys)


def _section(name: str, keys: Mapping[str, object]) -> str:
    return f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def _escaped(value: str) -> str:
    return value.replace("%", "%%")  # defense: supervisor-paths
