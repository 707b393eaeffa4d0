"""An instance of its own in an odd folder, under LC_ALL=C, with a proxy that does not answer, for both files here.

It plays a recording if there is one.
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
    """Start the instance under all conditions at once; `make drill-instance` tries each by itself."""
    started = stack_under(ALL_AT_ONCE)
    audience = ("--replay", str(RECORDING), "--speed", str(SPEED)) if RECORDING.is_file() else AUDIENCE
    try:
        started.start(*audience)
        yield started
    finally:
        started.remove()
