"""An instance in a folder with an unusual name, under LC_ALL=C, with an unreachable proxy, for both test files.

It replays a recording if one is available.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from drills.instance import ALL_AT_ONCE, AUDIENCE, stack_under
from drills.stack import Stack

RECORDING: Path = settings.DATA_DIR / "chat" / "chat_20250411T173538.csv.gz"
SPEED = 20


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """Start an instance with an unusual folder name, the C locale and a dead proxy, all at once.

    `make drill-instance` tests each of these conditions separately.
    """
    stack = stack_under(ALL_AT_ONCE)
    audience = ("--replay", str(RECORDING), "--speed", str(SPEED)) if RECORDING.is_file() else AUDIENCE
    try:
        stack.start(*audience)
        yield stack
    finally:
        stack.remove()
