"""`make drill-backup`: back up a running instance, delete its data, restore it and compare the states."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from drills.boards import Boards, displayed_boards
from drills.history_dump import differences
from drills.stack import ROOT, Stack, now_ms, wait_until

# Tables that change only when a user acts.
ACCOUNTS = ("accounts", "workspaces", "dashboard", "account", "api", "audit", "curation.bot", "curation.optout")
SHORT_LIVED = ["--exclude=accounts.securityrecord"]
# Data that belongs to the demo account.
ACCOUNT_DATA = """
from django.utils import timezone
from apps.accounts.models import User
from apps.workspaces import services as watchlists
from apps.curation.decisions import PIN, Decision, decide
from apps.channels.models import Channel
from apps.api.keys.services import create_key
from apps.api.scopes import Scope
owner, channels = User.objects.get(), list(Channel.objects.order_by("pk")[:3])
create_key(owner=owner, name="drill", scopes=list(Scope), days=30)
for channel in channels:
    watchlists.add(owner=owner, channel_id=channel.pk)
decide(channels[0], Decision(PIN, "drill"), by="drill", now=timezone.now())
"""
# Windows that ended this long ago are stored and no longer corrected.
SETTLED_MS = 60_000


def main() -> int:
    """Print the comparison's figures; return 1 if anything differs or there was nothing to compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("channels", 60), ("rate", 150), ("seed", 31), ("seconds", 120)):
        parser.add_argument(f"--{name}", default=default, type=int)
    options = parser.parse_args()
    audience = [word for name in ("channels", "rate", "seed") for word in (f"--{name}", str(getattr(options, name)))]
    stack, figures = Stack(), dict[str, Any]()
    folder = stack.var / "backup"
    try:
        stack.start(*audience)
        wait_until(lambda: stack.listed_channels() <= stack.covered() != set(), 180, "all channels to be covered")
        stack.manage("shell", "-c", ACCOUNT_DATA)
        time.sleep(options.seconds)
        end_ms, boards = displayed_boards(stack.boards)
        wait_until(lambda: _boards(stack, end_ms) == boards, 60, "history to match the displayed boards")
        until_ms = now_ms() - SETTLED_MS
        accounts, history = stack.manage("dumpdata", *ACCOUNTS, *SHORT_LIVED), _history(stack, "before", until_ms)
        figures["backup_s"] = _timed(lambda: stack.manage("backup", str(folder)))
        stack.stop()
        _wipe(stack.var)
        stack.servers()
        stack.manage("create_tables")
        figures["restore_s"] = _timed(lambda: stack.manage("restore", str(folder)))
        different = differences(history, _history(stack, "after", until_ms))
        figures["rows"] = len(history.read_text().splitlines())
        figures["boards"] = len(boards)
        figures["rows_of_boards"] = sum(map(len, boards.values()))
        figures["boards_are_equal"] = _boards(stack, end_ms) == boards
        figures["accounts_are_equal"] = stack.manage("dumpdata", *ACCOUNTS, *SHORT_LIVED) == accounts
        figures["bytes"] = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        stack.stop()
        # `start` returns when a board has updated.
        figures["live_again_s"] = _timed(lambda: stack.start(*audience))
    finally:
        stack.remove()
    figures["differences"] = len(different)
    print(*different[:10], sep="\n")
    print(json.dumps(figures))
    are_equal = figures["accounts_are_equal"] and figures["boards_are_equal"] and not different
    return int(not (are_equal and figures["rows"] and figures["rows_of_boards"]))


def _history(stack: Stack, name: str, until_ms: int) -> Path:
    path = stack.var / f"history-{name}"
    _output(stack, "drills.history_dump", str(path), str(until_ms))
    return path


def _boards(stack: Stack, end_ms: int) -> Boards:
    boards: Boards = json.loads(_output(stack, "drills.boards", str(end_ms)))
    return boards


def _output(stack: Stack, module: str, *words: str) -> str:
    environment = {**stack.env, "DJANGO_SETTINGS_MODULE": "twitchly.settings"}
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def _wipe(var: Path) -> None:
    """Delete all data of a stopped instance except its settings, its secrets and the backup."""
    for name in ("kafka", "cassandra", "valkey", "flink"):
        shutil.rmtree(var / name)
    for path in var.glob("twitchly.sqlite3*"):
        path.unlink()


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 1)


if __name__ == "__main__":
    sys.exit(main())
