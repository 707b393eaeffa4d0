"""Migration of curation and the audit log from Twitchly 0.3."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.curation.carry import CarryError, import_lines
from tests.instances import Instance, instances
from tests.metrics.test_backup import complete

__all__ = ["instances"]

RELEASED = Path(__file__).with_name("released_0_3.sql")
SHOW = """
import json
from apps.audit.models import Act, Deletion
from apps.channels.models import Channel
from apps.curation.models import Bot, OptOut, OptOutRequest
def rows(objects, *names): return [[str(getattr(row, name)) for name in names] for row in objects]
print(json.dumps({
    "channels": [
        [channel.login, channel.pinned, channel.blocked, channel.reason, str(channel.decided_until), channel.note,
         [tag.name for tag in channel.tags.all()]] for channel in Channel.objects.order_by("id")
    ],
    "opt_outs": rows(
        OptOut.objects.order_by("twitch_id"), "kind", "twitch_id", "login", "note", "created_at", "told_at"
    ),
    "requests": rows(OptOutRequest.objects.all(), "login", "contact", "created_at", "state"),
    "bots": rows(Bot.objects.filter(login__in=["nightbot", "our_own_bot"]), "login", "note", "is_counted_out"),
    "acts": [[str(act.at), act.by, act.act, act.label, act.after] for act in Act.objects.order_by("at")],
    "deletions": [[row.event, row.stage, row.rows, str(row.at)] for row in Deletion.objects.order_by("at")],
}))
"""


def make_0_3(instance: Instance) -> None:
    """Fill the instance's database with the tables and rows of Twitchly 0.3."""
    script = RELEASED.read_text()
    if instance.url.startswith("sqlite:///"):
        with sqlite3.connect(instance.url.removeprefix("sqlite:///")) as database:
            database.executescript(script)
        database.close()
    else:
        with psycopg.connect(instance.url, autocommit=True) as connection:
            connection.execute(script.encode())


def succeed(instance: Instance, *words: str) -> str:
    finished = instance.manage(*words)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def fail(instance: Instance, *words: str) -> str:
    finished = instance.manage(*words)
    assert finished.returncode != 0, finished.stdout
    return finished.stderr


def read_all(instance: Instance) -> dict[str, list[Any]]:
    tables: dict[str, list[Any]] = json.loads(succeed(instance, "shell", "-v", "0", "-c", SHOW).splitlines()[-1])
    return tables


@pytest.mark.database
def test_decisions_of_0_3_are_imported_unchanged(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    old, new = instances
    make_0_3(old)
    file = tmp_path / "carried.ndjson"
    assert "belongs to Twitchly 0.3" in fail(old, "migrate")
    assert "11 rows" in succeed(old, "carry", "export", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    succeed(new, "migrate", "-v", "0")
    assert "opt out: 2 added" in succeed(new, "carry", "import", str(file))
    tables = read_all(new)
    assert tables["channels"] == [
        ["ada_plays", True, False, "partner", "2027-01-01 00:00:00+00:00", "signed until spring", ["chess", "partner"]],
        ["loud_clone", False, True, "bought viewers or chat", "None", "", []],
    ]
    # Neither opt-out has been applied to this version's history yet, so both will be sent again.
    assert tables["opt_outs"] == [
        ["channel", "501", "quiet_painter", "by mail", "2026-11-20 10:00:00+00:00", "None"],
        ["user", "502", "shy_writer", "", "2026-11-21 11:30:00+00:00", "None"],
    ]
    assert tables["requests"] == [["asks_to_leave", "ada@example.com", "2026-11-22 09:00:00+00:00", "open"]]
    assert sorted(tables["bots"]) == [["nightbot", "chat bot", "False"], ["our_own_bot", "quizzes", "True"]]
    first, second, imported = tables["acts"]
    assert first == ["2026-11-20 09:59:59+00:00", "curator@example.com", "pinned", "ada_plays", {"kind": "pin"}]
    assert second[2:4] == ["added", "channel quiet_painter"]
    assert imported[1:4] == ["system", "imported", "data from Twitchly 0.3"]
    assert tables["deletions"] == [
        ["opt-out-7", "found", {"hour_window": 12}, "2026-11-20 10:00:31+00:00"],
        ["opt-out-7", "left", {"hour_window": 0}, "2026-11-20 10:00:32+00:00"],
    ]
    # A second import adds only the audit log entry that records it.
    succeed(new, "carry", "import", str(file))
    again = read_all(new)
    assert again | {"acts": again["acts"][:3]} == tables


@pytest.mark.database
def test_history_of_0_3_is_restored_only_after_its_opt_outs(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    old, new = instances
    make_0_3(old)
    file, backup = tmp_path / "carried.ndjson", complete(tmp_path / "b")
    manifest = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    succeed(old, "carry", "export", str(file))
    succeed(new, "migrate", "-v", "0")
    assert "restore its history alone" in fail(new, "restore", str(backup))
    history = ("restore", str(backup), "--only", "history")
    assert "import the opt-outs of 0.3 first" in fail(new, *history)
    succeed(new, "carry", "import", str(file))
    # The restore proceeds to Cassandra, which this instance does not have.
    assert "opt-outs" not in fail(new, *history)


@pytest.mark.database
def test_a_wrong_database_is_reported(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    _, new = instances
    succeed(new, "migrate", "-v", "0")
    assert "does not belong to Twitchly 0.3" in fail(new, "carry", "export", str(tmp_path / "none"))
    assert not (tmp_path / "none").exists()


HEAD = b'{"twitchly_carry": 1}'
BOT = b'{"table": "bot", "login": "quiz_bot", "note": "", "is_counted_out": true}'


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([HEAD, BOT], "incomplete"),
        ([HEAD, BOT, b'{"end": {"bot": 2}}'], "incomplete"),
        ([b'{"twitchly_carry": 2}', b'{"end": {}}'], "has format 2"),
        ([], "not written by"),
        ([HEAD, b'{"table": "cat"}'], "not written by"),
        ([HEAD, b"{"], "not written by"),
        ([HEAD, b'{"end": {"bot": 1}, "end": {}}'], "not written by"),
    ],
)
def test_a_damaged_file_changes_nothing(lines: Sequence[bytes], reason: str) -> None:
    with pytest.raises(CarryError, match=reason):
        import_lines(lines)
