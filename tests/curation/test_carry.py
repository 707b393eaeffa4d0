"""Curation and the audit log of Twitchly 0.3 arrive in this version as they were."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from apps.curation.carry import CannotCarry, import_lines
from tests.instances import Instance, instances
from tests.metrics.test_backup import complete

__all__ = ["instances"]

RELEASED = Path(__file__).with_name("released_0_3.sql")
SHOW = """
import json
from apps.audit.models import Act, Deletion
from apps.channels.models import Channel
from apps.curation.models import Bot, OptOut, OptOutRequest
def rows(found, *names): return [[str(getattr(one, name)) for name in names] for one in found]
print(json.dumps({
    "channels": [
        [one.login, one.pinned, one.blocked, one.reason, str(one.decided_until), one.note,
         [tag.name for tag in one.tags.all()]] for one in Channel.objects.order_by("id")
    ],
    "opt_outs": rows(
        OptOut.objects.order_by("twitch_id"), "kind", "twitch_id", "login", "note", "created_at", "told_at"
    ),
    "requests": rows(OptOutRequest.objects.all(), "login", "contact", "created_at", "state"),
    "bots": rows(Bot.objects.filter(login__in=["nightbot", "our_own_bot"]), "login", "note", "is_counted_out"),
    "acts": [[str(one.at), one.by, one.act, one.label, one.after] for one in Act.objects.order_by("at")],
    "deletions": [[one.event, one.stage, one.rows, str(one.at)] for one in Deletion.objects.order_by("at")],
}))
"""


def make_0_3(instance: Instance) -> None:
    """Give an instance the database of 0.3."""
    script = RELEASED.read_text()
    if instance.url.startswith("sqlite:///"):
        with sqlite3.connect(instance.url.removeprefix("sqlite:///")) as database:
            database.executescript(script)
        database.close()
    else:
        with psycopg.connect(instance.url, autocommit=True) as connection:
            connection.execute(script.encode())


def done(instance: Instance, *words: str) -> str:
    finished = instance.manage(*words)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def refused(instance: Instance, *words: str) -> str:
    finished = instance.manage(*words)
    assert finished.returncode != 0, finished.stdout
    return finished.stderr


def shown(instance: Instance) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = json.loads(done(instance, "shell", "-v", "0", "-c", SHOW).splitlines()[-1])
    return found


@pytest.mark.database
def test_what_was_decided_in_0_3_arrives_as_it_was(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    old, new = instances
    make_0_3(old)
    file = tmp_path / "carried.ndjson"
    assert "is that of Twitchly 0.3" in refused(old, "migrate")
    assert "11 rows" in done(old, "carry", "export", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    done(new, "migrate", "-v", "0")
    assert "opt out: 2 added" in done(new, "carry", "import", str(file))
    found = shown(new)
    assert found["channels"] == [
        ["ada_plays", True, False, "partner", "2027-01-01 00:00:00+00:00", "signed until spring", ["chess", "partner"]],
        ["loud_clone", False, True, "bought viewers or chat", "None", "", []],
    ]
    # Nobody has told history of this version yet, so both are told again.
    assert found["opt_outs"] == [
        ["channel", "501", "quiet_painter", "by mail", "2026-11-20 10:00:00+00:00", "None"],
        ["user", "502", "shy_writer", "", "2026-11-21 11:30:00+00:00", "None"],
    ]
    assert found["requests"] == [["asks_to_leave", "ada@example.com", "2026-11-22 09:00:00+00:00", "open"]]
    assert sorted(found["bots"]) == [["nightbot", "chat bot", "False"], ["our_own_bot", "quizzes", "True"]]
    first, second, imported = found["acts"]
    assert first == ["2026-11-20 09:59:59+00:00", "curator@example.com", "pinned", "ada_plays", {"kind": "pin"}]
    assert second[2:4] == ["added", "channel quiet_painter"]
    assert imported[1:4] == ["system", "imported", "the data of Twitchly 0.3"]
    assert found["deletions"] == [
        ["opt-out-7", "found", {"hour_window": 12}, "2026-11-20 10:00:31+00:00"],
        ["opt-out-7", "left", {"hour_window": 0}, "2026-11-20 10:00:32+00:00"],
    ]
    # A second import adds nothing but the note that it was made.
    done(new, "carry", "import", str(file))
    again = shown(new)
    assert again | {"acts": again["acts"][:3]} == found


@pytest.mark.database
def test_history_of_0_3_is_restored_only_once_opt_outs_are_there(
    instances: tuple[Instance, Instance], tmp_path: Path
) -> None:
    old, new = instances
    make_0_3(old)
    file, backup = tmp_path / "carried.ndjson", complete(tmp_path / "b")
    manifest = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    done(old, "carry", "export", str(file))
    done(new, "migrate", "-v", "0")
    assert "restore its history alone" in refused(new, "restore", str(backup))
    history = ("restore", str(backup), "--only", "history")
    assert "import the opt-outs of 0.3 first" in refused(new, *history)
    done(new, "carry", "import", str(file))
    # It gets as far as Cassandra, which this instance has not.
    assert "opt-outs" not in refused(new, *history)


@pytest.mark.database
def test_the_wrong_database_is_named(instances: tuple[Instance, Instance], tmp_path: Path) -> None:
    _, new = instances
    done(new, "migrate", "-v", "0")
    assert "not one of Twitchly 0.3" in refused(new, "carry", "export", str(tmp_path / "none"))
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
        ([], "not one of"),
        ([HEAD, b'{"table": "cat"}'], "not one of"),
        ([HEAD, b"{"], "not one of"),
    ],
)
def test_a_damaged_file_changes_nothing(lines: Sequence[bytes], reason: str) -> None:
    with pytest.raises(CannotCarry, match=reason):
        import_lines(lines)
