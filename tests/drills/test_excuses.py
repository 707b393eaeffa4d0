"""The gaps that faults excuse, and the time in which no gap is excused."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.metrics.management.commands.check_ledger import read_faults
from core.proof.comparison import Fault
from drills.excuses import BEFORE_MS, DISCONNECTING, RECOVERY_S, excuse, excused_share, fault_time
from drills.ingest import AFTER_MS, CALM_S, excused_by
from drills.soak import AFTER_BURST_S, BETWEEN_S, BURST, inject_burst, random_burst
from drills.stack import Stack
from simulator.faults import DEFAULTS, HELIX_DEFAULTS

T0 = 1_790_000_000_000


def injected(kind: str, *channels: str, seconds: float = 20, from_ms: int = T0) -> dict[str, Any]:
    until_ms = from_ms + round(seconds * 1000)
    return {"kind": kind, "from_ms": from_ms, "until_ms": until_ms, "channels": list(channels)}


def test_every_kind_except_helix_faults_has_a_recovery_limit() -> None:
    assert set(RECOVERY_S) == set(DEFAULTS)
    assert {kind for kind, limit_s in RECOVERY_S.items() if limit_s is None} == {fault.kind for fault in HELIX_DEFAULTS}
    assert excuse(injected("hang", seconds=90)) == Fault(T0, T0 + 90_000, frozenset())


def test_a_fault_excuses_the_affected_channels_until_the_recovery_limit() -> None:
    assert excuse(injected("slow", "7", "8")) == Fault(T0 - 5_000, T0 + 80_000, frozenset({"7", "8"}))
    assert excuse(injected("flood", "7")) == Fault(T0 - 5_000, T0 + 30_000, frozenset({"7"}))


def test_the_excuse_of_a_half_open_connection_does_not_depend_on_its_duration() -> None:
    assert excuse(injected("half_open", "7", seconds=90)).until_ms == T0 + 100_000


def test_a_fault_on_all_connections_affects_all_channels() -> None:
    assert excuse(injected("freeze", "7")).channels is None
    assert excuse(injected("bad_bytes", "7"), all_connections=True).channels is None
    assert excuse(injected("bad_bytes", "7")).channels == frozenset({"7"})


def test_the_next_connection_fault_also_excuses_recently_disconnected_channels() -> None:
    disconnected = [excuse(injected("reset", "7", seconds=0)), excuse(injected("suspended", "8", from_ms=T0 - 200_000))]
    assert excuse(injected("reset", "9", from_ms=T0 + 10_000), disconnected=disconnected).channels == frozenset(
        {"7", "9"}
    )
    assert excuse(injected("flood", "9", from_ms=T0 + 10_000), disconnected=disconnected).channels == frozenset({"9"})


def test_the_excused_share_counts_overlaps_once_and_ignores_time_outside_the_range() -> None:
    faults = [
        Fault(0, 40, frozenset({"7"})),
        Fault(30, 60, frozenset({"7"})),
        Fault(90, 300),
        Fault(10, 20, frozenset()),
    ]
    assert excused_share(faults, {"7"}, 0, 100) == pytest.approx(0.7)
    assert excused_share(faults, {"7", "8"}, 0, 100) == pytest.approx((0.7 + 0.1) / 2)
    assert excused_share(faults, {"7"}, 50, 60) == 1
    assert excused_share([], (), 0, 0) == 0


def test_check_ledger_reads_back_the_excused_faults(tmp_path: Path) -> None:
    faults = [Fault(1, 2), Fault(3, 4, frozenset({"8", "7"})), Fault(5, 6, frozenset())]
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(list(map(fault_time, faults))))
    assert read_faults(path) == faults


def test_a_burst_has_one_or_more_faults_and_ends_with_a_long_pause() -> None:
    rng = random.Random(1)
    bursts = [random_burst(rng) for _ in range(100)]
    assert {len(burst) for burst in bursts} == set(range(1, BURST + 1))
    assert all(AFTER_BURST_S[0] <= burst[-1][1] <= AFTER_BURST_S[1] for burst in bursts)
    assert all(BETWEEN_S[0] <= pause_s <= BETWEEN_S[1] for burst in bursts for _, pause_s in burst[:-1])


class FakeTwitch(Stack):
    """Responds like the simulated Twitch; each connection has 25 of 100 channels."""

    def __init__(self) -> None:
        self.now_ms = T0

    def fault(self, kind: str, **options: float) -> dict[str, Any]:
        default = DEFAULTS[kind]
        seconds, connections = options.get("seconds", default.seconds), options.get("connections", default.connections)
        affected = int(options.get("channels", connections * 25 or 100))
        channels = [] if RECOVERY_S[kind] is None else map(str, range(min(100, affected)))
        return injected(kind, *channels, seconds=seconds, from_ms=self.now_ms)


def soak_excuses(seed: int) -> list[Fault]:
    """Return the excuses for 30 minutes of faults."""
    rng, twitch = random.Random(seed), FakeTwitch()
    faults: list[Fault] = []
    while twitch.now_ms < T0 + 1_800_000:
        faults += inject_burst(twitch, random_burst(rng), advance(twitch))
    return faults


def advance(twitch: FakeTwitch) -> Any:
    def sleep(seconds: float) -> None:
        twitch.now_ms += round(seconds * 1000)

    return sleep


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_soak_excuses_neither_too_little_nor_too_much_time(seed: int) -> None:
    share = excused_share(soak_excuses(seed), list(map(str, range(100))), T0, T0 + 1_800_000)
    assert 0.1 < share < 0.7


def test_some_faults_of_a_soak_overlap() -> None:
    faults = soak_excuses(1)
    assert any(first.until_ms > second.from_ms for first, second in pairwise(faults))


def test_a_watched_fault_excuses_its_channels_until_recovery() -> None:
    reset = injected("reset", "7", seconds=0)
    assert excused_by(reset, T0, T0 + 9_000) == Fault(T0 - 5_000, T0 + 9_000, frozenset("7"))
    assert excused_by(reset, T0, T0 + 90_000).until_ms == T0 + 60_000
    assert excused_by(injected("hang"), T0, T0 + 90_000).channels == frozenset()


def test_a_failed_process_excuses_all_channels_while_it_is_watched() -> None:
    assert excused_by({}, T0, T0 + 9_000) == Fault(T0, T0 + 9_000)


def test_the_pause_between_two_faults_includes_time_that_belongs_to_neither() -> None:
    assert CALM_S * 1000 - AFTER_MS - BEFORE_MS >= 5_000


def test_a_reset_also_excuses_channels_that_its_burst_disconnected_earlier() -> None:
    class ChannelByTime(FakeTwitch):
        def fault(self, kind: str, **options: float) -> dict[str, Any]:
            return injected(kind, str(self.now_ms - T0), seconds=0, from_ms=self.now_ms)

    def excused_by_second(first: str) -> frozenset[str] | None:
        twitch = ChannelByTime()
        requests: list[tuple[dict[str, Any], float]] = [({"kind": first}, 3.0), ({"kind": "reset"}, 20.0)]
        return inject_burst(twitch, requests, advance(twitch))[1].channels

    assert excused_by_second("reset") == frozenset({"0", "3000"})
    assert excused_by_second("duplicates") == frozenset({"3000"})


def test_disconnecting_faults_exist() -> None:
    assert set(DEFAULTS) >= DISCONNECTING
