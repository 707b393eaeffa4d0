"""Which gaps a fault excuses, and that enough time is left in which none is."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from apps.metrics.management.commands.check_ledger import read_faults
from core.proof.comparison import Fault
from drills.excuses import BEFORE_MS, CUTTING_OFF, RECOVERY_S, excuse, excused_share, fault_time
from drills.ingest import AFTER_MS, CALM_S, excused_by
from drills.soak import AFTER_BURST_S, BETWEEN_S, BURST, burst, let_burst
from drills.stack import Stack
from simulator.faults import DEFAULTS, HELIX_DEFAULTS

T0 = 1_790_000_000_000


def answer(kind: str, *channels: str, seconds: float = 20, from_ms: int = T0) -> dict[str, Any]:
    until_ms = from_ms + round(seconds * 1000)
    return {"kind": kind, "from_ms": from_ms, "until_ms": until_ms, "channels": list(channels)}


def test_every_kind_has_a_limit_of_its_own_and_helix_excuses_nothing() -> None:
    assert set(RECOVERY_S) == set(DEFAULTS)
    assert {kind for kind, limit_s in RECOVERY_S.items() if limit_s is None} == {one.kind for one in HELIX_DEFAULTS}
    assert excuse(answer("hang", seconds=90)) == Fault(T0, T0 + 90_000, frozenset())


def test_a_fault_excuses_the_channels_it_touched_until_they_must_be_heard_again() -> None:
    assert excuse(answer("slow", "7", "8")) == Fault(T0 - 5_000, T0 + 80_000, frozenset({"7", "8"}))
    assert excuse(answer("flood", "7")) == Fault(T0 - 5_000, T0 + 30_000, frozenset({"7"}))


def test_a_half_open_connection_excuses_from_its_beginning_however_long_it_lasts() -> None:
    assert excuse(answer("half_open", "7", seconds=90)).until_ms == T0 + 100_000


def test_what_acts_on_all_connections_touches_all_channels() -> None:
    assert excuse(answer("freeze", "7")).channels is None
    assert excuse(answer("bad_bytes", "7"), all_connections=True).channels is None
    assert excuse(answer("bad_bytes", "7")).channels == frozenset({"7"})


def test_what_was_cut_off_a_moment_ago_is_held_up_by_the_next_fault_of_a_connection() -> None:
    cut_off = [excuse(answer("reset", "7", seconds=0)), excuse(answer("suspended", "8", from_ms=T0 - 200_000))]
    assert excuse(answer("reset", "9", from_ms=T0 + 10_000), cut_off=cut_off).channels == frozenset({"7", "9"})
    assert excuse(answer("flood", "9", from_ms=T0 + 10_000), cut_off=cut_off).channels == frozenset({"9"})


def test_the_share_counts_time_excused_twice_once_and_time_outside_not_at_all() -> None:
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


def test_what_check_ledger_reads_is_what_was_excused(tmp_path: Path) -> None:
    faults = [Fault(1, 2), Fault(3, 4, frozenset({"8", "7"})), Fault(5, 6, frozenset())]
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(list(map(fault_time, faults))))
    assert read_faults(path) == faults


def test_a_burst_ends_with_a_calm_stretch_and_may_be_of_one_fault_or_several() -> None:
    draw = random.Random(1)
    bursts = [burst(draw) for _ in range(100)]
    assert {len(one) for one in bursts} == set(range(1, BURST + 1))
    assert all(AFTER_BURST_S[0] <= one[-1][1] <= AFTER_BURST_S[1] for one in bursts)
    assert all(BETWEEN_S[0] <= pause_s <= BETWEEN_S[1] for one in bursts for _, pause_s in one[:-1])


class TwitchOfTest(Stack):
    """Answers as the simulated Twitch would; each connection has 25 channels of a hundred."""

    def __init__(self) -> None:
        self.now_ms = T0

    def fault(self, kind: str, **options: float) -> dict[str, Any]:
        wanted = DEFAULTS[kind]
        seconds, connections = options.get("seconds", wanted.seconds), options.get("connections", wanted.connections)
        touched = int(options.get("channels", connections * 25 or 100))
        channels = [] if RECOVERY_S[kind] is None else map(str, range(min(100, touched)))
        return answer(kind, *channels, seconds=seconds, from_ms=self.now_ms)


def soaked(seed: int) -> list[Fault]:
    """Return what 30 minutes of faults excuse."""
    draw, twitch = random.Random(seed), TwitchOfTest()
    faults: list[Fault] = []
    while twitch.now_ms < T0 + 1_800_000:
        faults += let_burst(twitch, burst(draw), twitch_sleep(twitch))
    return faults


def twitch_sleep(twitch: TwitchOfTest) -> Any:
    def sleep(seconds: float) -> None:
        twitch.now_ms += round(seconds * 1000)

    return sleep


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_soak_leaves_much_of_the_time_of_all_channels_without_an_excuse(seed: int) -> None:
    share = excused_share(soaked(seed), list(map(str, range(100))), T0, T0 + 1_800_000)
    assert 0.1 < share < 0.7


def test_some_faults_of_a_soak_overlap() -> None:
    faults = soaked(1)
    assert any(one.until_ms > other.from_ms for one, other in pairwise(faults))


def test_a_fault_that_was_watched_excuses_its_own_channels_until_all_was_well() -> None:
    assert excused_by(answer("reset", "7", seconds=0), T0, T0 + 9_000) == Fault(T0 - 5_000, T0 + 9_000, frozenset("7"))
    assert excused_by(answer("reset", "7", seconds=0), T0, T0 + 90_000).until_ms == T0 + 60_000
    assert excused_by(answer("hang"), T0, T0 + 90_000).channels == frozenset()


def test_a_process_that_fails_excuses_all_channels_while_it_was_watched() -> None:
    assert excused_by({}, T0, T0 + 9_000) == Fault(T0, T0 + 9_000)


def test_between_two_faults_of_the_drill_is_time_that_belongs_to_none() -> None:
    assert CALM_S * 1000 - AFTER_MS - BEFORE_MS >= 5_000


def test_in_a_burst_a_reset_holds_up_what_the_one_before_cut_off() -> None:
    class Moving(TwitchOfTest):
        def fault(self, kind: str, **options: float) -> dict[str, Any]:
            return answer(kind, str(self.now_ms - T0), seconds=0, from_ms=self.now_ms)

    def excused_by_second(first: str) -> frozenset[str] | None:
        twitch = Moving()
        wishes: list[tuple[dict[str, Any], float]] = [({"kind": first}, 3.0), ({"kind": "reset"}, 20.0)]
        return let_burst(twitch, wishes, twitch_sleep(twitch))[1].channels

    assert excused_by_second("reset") == frozenset({"0", "3000"})
    assert excused_by_second("duplicates") == frozenset({"3000"})


def test_what_cuts_off_is_known() -> None:
    assert set(DEFAULTS) >= CUTTING_OFF
