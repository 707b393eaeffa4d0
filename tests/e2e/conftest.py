"""One running copy for all tests of this folder; it is gone before tests/replay starts another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from drills.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    copy = Stack()
    try:
        copy.start("--channels", "60", "--rate", "150", "--seed", "7")
        yield copy
    finally:
        copy.remove()
