"""Redis keys are named in one module; deploy, which must not import other packages of the project, repeats some."""

from __future__ import annotations

import re
from pathlib import Path

from core.contracts import redis_keys
from deploy.local import readiness

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = ("apps", "core", "twitchly", "drills", "bench", "flink", "simulator", "tests")
# Matches a key in quotes. Strings that are not Redis keys never start with these prefixes.
LITERAL = re.compile(
    r"""["'](?:board|ends|values|past|limits|sign):|["'](?:late-dropped|refresh-streams|streams-curation)["']"""
)


def test_no_other_module_contains_a_key() -> None:
    named = [
        str(path.relative_to(ROOT))
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
        if LITERAL.search(path.read_text())
    ]
    assert named == ["core/contracts/redis_keys.py"]


def test_deploy_waits_for_the_keys_that_processes_write() -> None:
    assert redis_keys.board("messages") == readiness.BOARD_KEY
    assert redis_keys.window_ends("live") == readiness.WINDOW_ENDS_KEY
    assert redis_keys.CHANNEL_LIST == readiness.STREAMS_KEY
