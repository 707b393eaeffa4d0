"""An instance in a folder with an unusual name, under LC_ALL=C, with an unreachable proxy."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.instance import ALL_AT_ONCE, stack_under
from drills.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    """Start an instance under all conditions at once; `make drill-instance` tests each separately."""
    stack = stack_under(ALL_AT_ONCE)
    try:
        stack.start("--channels", "10", "--rate", "10", "--seed", "7")
        yield stack
    finally:
        stack.remove()
