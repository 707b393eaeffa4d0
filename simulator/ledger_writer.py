"""Ledger files of the simulator. See core/proof/ledger.py for the format."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from core.proof.ledger import TORN_END, Entry, file_hour_ms, file_name, parse_entry
from core.times import HOUR_MS

RETENTION_MS = 24 * HOUR_MS
TAIL_BYTES = 65_536
REPLAY_STATE = "replay.json"


class LedgerWriter:
    """Appends entries to hourly files and deletes files older than a day."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._hour = -1
        self._file = -1

    def append(self, lines: bytes, sent_ms: int) -> None:
        """Append complete lines with this `sent_ms`. Raises: OSError, in which case the lines must not be sent."""
        if sent_ms // HOUR_MS != self._hour:
            self._rotate(sent_ms)
        while lines:
            lines = lines[os.write(self._file, lines) :]

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
        self._file = self._hour = -1

    def _rotate(self, sent_ms: int) -> None:
        self.close()
        path = self._folder / file_name(sent_ms)
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
        self._hour = sent_ms // HOUR_MS
        size = os.fstat(self._file).st_size
        if size and os.pread(self._file, 1, size - 1) != b"\n":
            os.write(self._file, TORN_END)
        for hour_ms, old in ledger_files(self._folder):
            if hour_ms + HOUR_MS <= sent_ms - RETENTION_MS:
                old.unlink()


def ledger_files(folder: Path) -> list[tuple[int, Path]]:
    """Return the ledger's files with the start of their hour, oldest first."""
    hours = ((file_hour_ms(path.name), path) for path in folder.iterdir())
    return sorted((hour_ms, path) for hour_ms, path in hours if hour_ms is not None)


def last_entry(folder: Path) -> Entry | None:
    """Return the ledger's newest entry."""
    if not folder.is_dir():
        return None
    newest_first = (entry for _, path in reversed(ledger_files(folder)) for entry in _tail(path))
    return next(newest_first, None)


def replay_run(folder: Path, recording: Path, speed: float, now_ms: int) -> str:
    """Return the id of a replay run, which stays the same until the file or the speed changes.

    It is stored before the first message is sent, so that a killed simulator continues the run.
    """
    replay = {"file": str(recording.resolve()), "bytes": recording.stat().st_size, "speed": speed}
    path = folder / REPLAY_STATE
    try:
        state = json.loads(path.read_bytes())
    except (OSError, ValueError):
        state = {}
    if not isinstance(state, dict) or replay.items() - state.items():
        state = replay | {"started_ms": now_ms}
        folder.mkdir(parents=True, exist_ok=True)
        new = path.with_suffix(".new")
        new.write_text(json.dumps(state))
        new.replace(path)
    return f"{state['file']} {state['started_ms']}"


def reset_replay(folder: Path) -> None:
    """Delete the replay state, so that the next run starts over with new message ids."""
    (folder / REPLAY_STATE).unlink(missing_ok=True)


def _tail(path: Path) -> Iterator[Entry]:
    """Yield a file's last entries, newest first."""
    with path.open("rb") as file:
        start = max(0, path.stat().st_size - TAIL_BYTES)
        file.seek(start)
        lines = file.readlines()[1 if start else 0 :]
    yield from filter(None, map(parse_entry, reversed(lines)))
