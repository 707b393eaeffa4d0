"""The table of defences: what it takes out is there, and so is the test that would miss it."""

from __future__ import annotations

import pytest

from drills.defences import DEFENCES, ROOT, Defence


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda one: one.against)
def test_what_is_taken_out_is_where_the_table_says(defence: Defence) -> None:
    path, _, name = defence.test.partition("::")
    assert defence.text in (ROOT / defence.path).read_text()
    assert f"def {name}(" in (ROOT / path).read_text() or not name
