"""Frames of a socket that are nested deeply are refused, and end nothing."""

from __future__ import annotations

import pytest

from apps.dashboard.wishes import BadFrame, read_frame


@pytest.mark.parametrize("field", ['"type":', '"type":"subscribe","id":', '"type":"subscribe","id":"a","kind":'])
def test_a_frame_nested_to_any_depth_is_a_bad_frame(field: str) -> None:
    for depth in range(1, 2_000):
        with pytest.raises(BadFrame):
            read_frame(f"{{{field}{'[' * depth}{']' * depth}}}", None)
