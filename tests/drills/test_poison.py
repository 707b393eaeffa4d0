"""No reader accepts a poison record."""

import pytest

from apps.metrics.record_readers import window_in
from core.errors import BadRecord
from core.pipeline.bad_record_rate import UNUSABLE_MAX
from core.pipeline.records import read_chat, read_event
from drills.poison import START_MS, bad_chat, event, poison, window

NOW_MS = START_MS + 36_000_000
READERS = {"chat": read_chat, "windows-live": window_in, "windows": window_in, "channel-events": read_event}


@pytest.mark.parametrize("topic", list(READERS))
def test_readers_reject_every_poison_record(topic: str) -> None:
    for value in poison(NOW_MS)[topic]:
        with pytest.raises(BadRecord):
            READERS[topic](value, NOW_MS)


def test_the_original_records_are_valid() -> None:
    assert window_in(window("7"), NOW_MS).channel_id == "7"
    assert read_event(event("7"), NOW_MS).kind == "raid"


def test_there_are_too_few_poison_records_to_halt_a_sink() -> None:
    assert max(len(values) for values in poison(NOW_MS).values()) <= UNUSABLE_MAX
    assert len(bad_chat(NOW_MS)) == len(bad_chat(0))
