"""Backup folder: data files and a manifest. The folder gets its final name once it is complete."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from core.errors import TwitchlyError

# Format 1 is that of Twitchly 0.3, whose relational tables had other names.
FORMAT = 2
FORMAT_0_3 = 1
MANIFEST = "manifest.json"


class BadBackup(TwitchlyError):
    """A backup cannot be made or used; the message gives the reason and the remedy."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Contents of a backup. `files` maps each path to its SHA-256, its size in bytes and, for tables, its row count."""

    made_at: str
    engine: str | None = None
    migrations: dict[str, str] = field(default_factory=dict)
    tables: dict[str, int] = field(default_factory=dict)
    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def is_from_0_3(self) -> bool:
        """Return whether Twitchly 0.3 made the backup. Only its history can be restored."""
        return self.format == FORMAT_0_3


class NewBackup:
    """A backup in progress, under a temporary name until `finish`; files of an interrupted run are kept."""

    def __init__(self, path: Path) -> None:
        if path.exists():
            raise BadBackup(f"{path} already exists: choose another folder")
        self._path = path
        self.part = path.with_name(f"{path.name}.part")
        # The backup contains email addresses and password hashes.
        self.part.mkdir(mode=0o700, parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        return (self.part / name).exists()

    def temporary_path(self, name: str) -> Path:
        """Return the path to write a file to before `keep` gives it its final name."""
        path = self.part / f"{name}.new"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def keep(self, name: str) -> None:
        path = self.temporary_path(name)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(self.part / name)

    def finish(self, engine: str | None, migrations: dict[str, str], counted: dict[str, int]) -> Manifest:
        """Write the manifest and give the folder its final name. `counted` maps table files to their row counts."""
        for unfinished in self.part.rglob("*.new"):
            unfinished.unlink()
        files = {name: _describe(self.part / name) | {"rows": counted.get(name)} for name in _names(self.part)}
        tables: dict[str, int] = {}
        for name, rows in counted.items():
            table = Path(name).parent.name
            tables[table] = tables.get(table, 0) + rows
        now = datetime.now(UTC).isoformat(timespec="seconds")
        manifest = Manifest(now, engine, migrations, tables, files)
        self.temporary_path(MANIFEST).write_bytes(orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
        self.keep(MANIFEST)
        self.part.replace(self._path)
        return manifest


def read_backup(path: Path) -> Manifest:
    """Return the manifest of a backup, after verifying every file. Raises: BadBackup."""
    try:
        fields = orjson.loads((path / MANIFEST).read_bytes())
        manifest = Manifest(**fields) if fields.get("format") in (FORMAT_0_3, FORMAT) else None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadBackup(f"{path} is not a complete backup: {error}") from error
    if manifest is None:
        raise BadBackup(f"{path} has format {fields.get('format')}; this version reads {FORMAT_0_3} and {FORMAT}")
    names = set(_names(path)) - {MANIFEST}
    if names != manifest.files.keys():
        unexpected = sorted(names ^ manifest.files.keys())
        raise BadBackup(f"{path} is damaged: {', '.join(unexpected[:5])} missing or not part of this backup")
    for name, described in manifest.files.items():
        if _describe(path / name) != {key: described[key] for key in ("sha256", "bytes")}:
            raise BadBackup(f"{path} is damaged: {name} has changed since it was written")
    return manifest


def read_lines(path: Path) -> Iterator[Any]:
    """Yield the parsed JSON lines of a compressed file."""
    with gzip.open(path, "rb") as file:
        for line in file:
            yield orjson.loads(line)


def _names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def _describe(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "bytes": path.stat().st_size}
