"""A recording played back through the whole path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from drills.stack import Stack, wait_until

RECORDING: Path = settings.DATA_DIR / "chat" / "chat_20250411T173538.csv.gz"
SPEED = 20

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not RECORDING.is_file(), reason=f"recorded data is absent: TWITCHLY_DATA={settings.DATA_DIR}"),
]


@pytest.fixture(scope="module")
def replay() -> Iterator[Stack]:
    copy = Stack()
    try:
        copy.start("--replay", str(RECORDING), "--speed", str(SPEED))
        yield copy
    finally:
        copy.remove()


def test_a_recording_is_listened_to_and_counted_exactly(replay: Stack) -> None:
    wait_until(lambda: "replay finished" in replay.log("twitch"), 27 * 60 / SPEED + 120, "the recording to end")
    figures = replay.check_ledger()
    assert figures["differences"] == 0, replay.manage("check_ledger", check=False)
    assert figures["sent"] == figures["in_chat"] == 51_126
    assert figures["windows"] > 300
