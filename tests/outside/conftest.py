"""One instance that replays a generated recording, for all tests in this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.recount import SETTINGS
from drills.stack import Stack
from tests.recount.generated import write_recording

MINUTES = 30
CHANNELS = 8


@pytest.fixture(scope="package")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    recording = tmp_path_factory.mktemp("recording") / "generated.csv"
    write_recording(recording, minutes=MINUTES, channels=CHANNELS)
    stack = Stack(**SETTINGS)
    try:
        stack.start("--replay", str(recording), "--speed", "1")
        yield stack
    finally:
        stack.remove()
