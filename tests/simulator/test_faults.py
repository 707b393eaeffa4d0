from typing import Any

import pytest

from simulator.faults import DEFAULTS, BadFault, FaultRequest, Faults, parse_request
from twitchly.env import ROOT

T0 = 1_790_000_000_000


def test_a_request_with_only_a_kind_gets_the_defaults() -> None:
    assert parse_request({"kind": "half_open"}) == FaultRequest("half_open", 120, connections=1)
    assert parse_request({"kind": "freeze"}).connections == 0


def test_given_fields_replace_the_defaults() -> None:
    body = {"kind": "flood", "seconds": 2.5, "connections": 0, "channels": 7, "rate": 300}
    assert parse_request(body) == FaultRequest("flood", 2.5, connections=0, channels=7, rate=300)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "kind is one of reconnect, reset"),
        (["reset"], "kind is one of reconnect, reset"),
        ({}, "kind is one of"),
        ({"kind": "rain"}, "kind is one of"),
        ({"kind": ["reset"]}, "kind is one of"),
        ({"kind": "reset", "colour": 1}, "unknown fields colour: expected only kind, seconds"),
        ({"kind": "slow", "seconds": -1}, "seconds between 0 and 3600"),
        ({"kind": "slow", "seconds": 3_601}, "seconds between 0 and 3600"),
        ({"kind": "slow", "seconds": float("nan")}, "seconds between"),
        ({"kind": "slow", "seconds": 10**400}, "seconds between"),
        ({"kind": "slow", "seconds": "5"}, "seconds as a number"),
        ({"kind": "slow", "seconds": True}, "seconds as a number"),
        ({"kind": "slow", "connections": 1.5}, "connections as a whole number"),
    ],
)
def test_an_invalid_request_is_rejected_with_the_valid_fields(body: Any, expected: str) -> None:
    with pytest.raises(BadFault, match=expected):
        parse_request(body)


def test_a_fault_is_active_from_start_to_end() -> None:
    faults = Faults()
    fault = faults.begin(FaultRequest("hang", 2), T0)
    assert (fault.from_ms, fault.until_ms) == (T0, T0 + 2_000)
    assert faults.active("hang", T0) == faults.active("hang", T0 + 1_999) == fault
    assert faults.active("hang", T0 + 2_000) is None
    assert faults.active("malformed", T0) is None


def test_the_newest_active_fault_of_a_kind_applies() -> None:
    faults = Faults()
    older = faults.begin(FaultRequest("hang", 60), T0)
    newer = faults.begin(FaultRequest("hang", 5), T0 + 1_000)
    assert older.id != newer.id
    assert faults.active("hang", T0 + 1_000) == newer
    assert faults.active("hang", T0 + 10_000) == older
    assert faults.all_active(T0 + 1_000) == [older, newer]


def test_all_faults_can_be_ended_at_once() -> None:
    faults = Faults()
    for kind in DEFAULTS:
        faults.begin(FaultRequest(kind, 60), T0)
    faults.end_all()
    assert faults.all_active(T0) == []


def test_the_documentation_lists_every_kind() -> None:
    text = (ROOT / "docs" / "subsystems" / "instances.md").read_text(encoding="utf-8")
    missing = [kind for kind in DEFAULTS if f"`{kind}`" not in text.partition("IRC faults: ")[2]]
    assert not missing, f"docs/subsystems/instances.md does not list {missing}"
