"""Log messages of a halted sink."""

from __future__ import annotations

from pytest import LogCaptureFixture

from apps.metrics.history_sink import Halt
from core.pipeline.bad_record_rate import RateExceeded
from twitchly import kafka


def test_a_halted_sink_logs_the_reason_at_once_and_every_30_s(caplog: LogCaptureFixture) -> None:
    now_s = [100.0]
    reader = kafka.consumer("halted", **{"bootstrap.servers": "127.0.0.1:1"})
    halt = Halt(reader, RateExceeded("windows", 101, 151, "not JSON"), lambda: now_s[0])
    for now_s[0] in (100.0, 129.9, 130.0, 159.9):
        halt.step()
    reader.close()
    messages = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(messages) == 2
    assert messages[0].startswith("halted: 101 of the last 151 records of windows were unusable; last fault: not")
    assert "`manage.py dead_letters list windows`, then restart this sink" in messages[1]
