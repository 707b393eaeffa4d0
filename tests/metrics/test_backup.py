"""Backups are complete or absent, and restore the relational database."""

from __future__ import annotations

import gzip
import json
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session

from apps.ingest.models import HashKey
from apps.metrics.backup.folder import BadBackup, NewBackup, read_backup
from apps.metrics.backup.relational import EXCLUDED_TABLES
from tests.instances import Instance, instances

__all__ = ["instances"]
# Apps whose rows are restored.
RESTORED_APPS = ("accounts", "account", "channels", "curation", "workspaces", "dashboard", "api")


def complete(path: Path) -> Path:
    """Make a complete backup of two files."""
    backup = NewBackup(path)
    for name in ("relational.pgdump", "history/hour_window/00.ndjson.gz"):
        backup.temporary_path(name).write_bytes(gzip.compress(b"{}\n[[1], []]\n"))
        backup.keep(name)
    backup.finish("postgresql", {}, {"history/hour_window/00.ndjson.gz": 1})
    return path


def test_a_backup_gets_its_final_name_when_it_is_complete(tmp_path: Path) -> None:
    path = complete(tmp_path / "b")
    assert not (tmp_path / "b.part").exists()
    assert path.stat().st_mode & 0o777 == 0o700
    assert read_backup(path).tables == {"hour_window": 1}
    with pytest.raises(BadBackup, match="already exists"):
        NewBackup(path)


def test_files_of_an_interrupted_backup_are_retained(tmp_path: Path) -> None:
    first = NewBackup(tmp_path / "b")
    first.temporary_path("history/a/00").write_text("whole")
    first.keep("history/a/00")
    first.temporary_path("history/a/01").write_text("hal")
    again = NewBackup(tmp_path / "b")
    assert again.has("history/a/00")
    assert not again.has("history/a/01")
    manifest = again.finish(None, {}, {})
    assert list(manifest.files) == ["history/a/00"]
    with pytest.raises(BadBackup, match="is not a complete backup"):
        read_backup(tmp_path / "b.part")


def test_a_damaged_backup_is_rejected(tmp_path: Path) -> None:
    path = complete(tmp_path / "b")
    (path / "relational.pgdump").write_bytes(b"another")
    with pytest.raises(BadBackup, match=r"relational\.pgdump has changed since it was written"):
        read_backup(path)
    (path / "relational.pgdump").unlink()
    with pytest.raises(BadBackup, match=r"relational\.pgdump missing"):
        read_backup(path)


def test_a_backup_in_another_format_is_rejected(tmp_path: Path) -> None:
    path = complete(tmp_path / "b")
    manifest = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps(manifest | {"format": 3}))
    with pytest.raises(BadBackup, match="has format 3; this version reads 1 and 2"):
        read_backup(path)


def texts_of(archive: Path) -> Iterator[bytes]:
    """Yield the uncompressed contents of a relational backup, or SQL if it is from PostgreSQL."""
    if archive.name.endswith(".gz"):
        yield gzip.decompress(archive.read_bytes())
    else:
        yield subprocess.run(["pg_restore", "--file=-", str(archive)], check=True, capture_output=True).stdout


@pytest.mark.database
def test_a_backup_contains_neither_hash_keys_nor_sessions(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    source, target = instances
    kept, destroyed = (secrets.token_bytes(32) for _ in range(2))
    session, ended = (secrets.token_hex(16) for _ in range(2))
    script = f"""
import datetime as dt
from django.contrib.sessions.models import Session
from apps.curation.models import Bot
from apps.ingest.models import HashKey
for day, key in ((1, {kept.hex()!r}), (2, {destroyed.hex()!r})):
    HashKey.objects.create(day=dt.date(2026, 1, day), key=bytes.fromhex(key))
for key in ({session!r}, {ended!r}):
    Session.objects.create(session_key=key, session_data="x", expire_date=dt.datetime(2100, 1, 1, tzinfo=dt.UTC))
HashKey.objects.filter(day=dt.date(2026, 1, 2)).delete()
Session.objects.filter(session_key={ended!r}).delete()
Bot.objects.create(login="kept_bot")
"""
    for words in (("migrate", "-v", "0"), ("shell", "-v", "0", "-c", script)):
        done = source.manage(*words)
        assert done.returncode == 0, done.stderr
    counted = (
        "from apps.curation.models import Bot; from apps.ingest.models import HashKey; "
        "print(Bot.objects.count(), HashKey.objects.count())"
    )
    bots, _ = source.manage("shell", "-v", "0", "-c", counted).stdout.split()[-2:]
    done = source.manage("backup", str(tmp_path / "b"), "--only", "relational")
    assert done.returncode == 0, done.stderr
    (archive,) = (tmp_path / "b").glob("relational.*")
    for text in texts_of(archive):
        assert b"kept_bot" in text
        assert [key for key in (session, ended) if key.encode() in text] == []
        assert [key for key in (kept, destroyed) if key in text or key.hex().encode() in text.lower()] == []
    done = target.manage("restore", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    assert target.manage("shell", "-v", "0", "-c", counted).stdout.split()[-2:] == [bots, "0"]


def test_the_excluded_tables_match_their_models() -> None:
    assert set(EXCLUDED_TABLES) == {model._meta.db_table for model in (HashKey, Session, UserSession)}


@pytest.mark.database
def test_accounts_are_restored(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    source, target = instances
    (tmp_path / "password").write_text("a long password for tests\n")
    account = ("ensure_demo_user", "--email", "kept@example.com", "--password-file", str(tmp_path / "password"))
    for words in (("migrate", "-v", "0"), account):
        done = source.manage(*words)
        assert done.returncode == 0, done.stderr
    before = source.manage("dumpdata", *RESTORED_APPS).stdout
    assert "kept@example.com" in before
    done = source.manage("backup", str(tmp_path / "b"), "--only", "relational")
    assert done.returncode == 0, done.stderr
    done = target.manage("restore", str(tmp_path / "b"))
    assert done.returncode == 0, done.stderr
    assert target.manage("dumpdata", *RESTORED_APPS).stdout == before

    source.manage("flush", "--noinput")
    refused = source.manage("restore", str(tmp_path / "b"))
    assert refused.returncode != 0
    assert "--onto-data" in refused.stderr
    done = source.manage("restore", str(tmp_path / "b"), "--onto-data")
    assert done.returncode == 0, done.stderr
    assert source.manage("dumpdata", *RESTORED_APPS).stdout == before
