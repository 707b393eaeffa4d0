"""Runs another sink beside those of a running instance, and lists the members of a consumer group."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from confluent_kafka.admin import AdminClient

from drills.stack import ROOT

# A sink drains its batch within 8 s.
STOP_LIMIT_S = 30


class Sink:
    """`run_sink history` as a child process; the caller must `stop` it."""

    def __init__(self, env: Mapping[str, str], log: Path, name: str = "1") -> None:
        self._log = log
        command = [sys.executable, "manage.py", "run_sink", "history", "--name", name]
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    def log(self) -> str:
        """Return the log so far."""
        return self._log.read_text(errors="replace")

    def is_up(self) -> bool:
        """Return whether the process is running."""
        return self._process.poll() is None

    def kill(self) -> None:
        """Kill the process with SIGKILL."""
        self._process.kill()
        self._process.wait(STOP_LIMIT_S)

    def stop(self) -> None:
        """Stop the process with SIGTERM, within STOP_LIMIT_S."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(STOP_LIMIT_S) == 0, self.log()


def holders(bootstrap: str, group: str) -> set[str]:
    """Return the names of the consumer group members that own partitions. Raises: KafkaException."""
    admin = AdminClient({"bootstrap.servers": bootstrap, "log_level": 2})
    members = admin.describe_consumer_groups([group])[group].result(10).members
    return {member.group_instance_id or member.member_id for member in members if member.assignment.topic_partitions}
