"""Group messages are read back as they were sent; unknown ones are rejected."""

from __future__ import annotations

from typing import Any

import pytest

from core.contracts.group import SessionEnded, Tick, read_message


@pytest.mark.parametrize("message", [Tick({"live": 1_790_000_000_000}), SessionEnded("ab12")])
def test_messages_are_read_back_as_sent(message: Tick | SessionEnded) -> None:
    assert read_message(message.to_message()) == message


@pytest.mark.parametrize("message", [{}, {"type": "tick"}, {"type": "session.ended", "session": 1}, {"type": "x"}])
def test_unknown_messages_are_rejected(message: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="unknown group message"):
        read_message(message)
