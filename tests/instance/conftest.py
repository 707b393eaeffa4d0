"""An instance of its own in an odd folder, under LC_ALL=C, with a proxy that does not answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.instance import ALL_AT_ONCE, stack_under
from drills.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """Start the instance under all conditions at once; `make drill-instance` tries each by itself."""
    started = stack_under(ALL_AT_ONCE)
    try:
        started.start("--channels", "10", "--rate", "10", "--seed", "7")
        yield started
    finally:
        started.remove()
