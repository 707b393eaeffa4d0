"""A recording played back through the whole pipeline."""

from __future__ import annotations

import pytest
from django.conf import settings

from drills.stack import Stack, wait_until
from tests.instance.conftest import RECORDING, SPEED

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not RECORDING.is_file(), reason=f"recorded data is absent: TWITCHLY_DATA={settings.DATA_DIR}"),
]


def test_a_replayed_recording_is_counted_exactly(stack: Stack) -> None:
    wait_until(lambda: "replay finished" in stack.log("twitch"), 27 * 60 / SPEED + 120, "the recording to end")
    figures = stack.check_ledger()
    assert figures["explanations"] == []
    assert figures["differences"] == 0
    assert figures["sent"] == figures["in_chat"] == 51_126
    assert figures["windows"] > 300
