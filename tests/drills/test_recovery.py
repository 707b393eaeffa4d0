"""Recovery of a listening instance from a fault."""

import pytest

from drills.faults import IngestFault, ingest_faults
from drills.ingest import exceeded_limits
from drills.recovery import CALM_S, ListeningSample, Recovery, watch
from drills.stack import read_metrics
from simulator.faults import DEFAULTS

WANTED = 100


def recovery(*confirmed: tuple[float, int], watch_s: float = 5.0, fresh_ms: int = 0) -> Recovery:
    samples = [ListeningSample(at_s, WANTED, WANTED, heard, 0, 1_000) for at_s, heard in confirmed]
    return Recovery(samples, 0.0, watch_s, fresh_ms)


def test_recovery_takes_no_time_if_there_is_no_problem() -> None:
    calm = recovery((0.2, 100), (5.2, 100))
    assert (calm.detected_s, calm.recovered_s, calm.is_over) == (None, 0.0, True)


def test_a_recovery_lasts_until_the_last_unhealthy_sample() -> None:
    reset = recovery((0.2, 100), (0.5, 50), (3.0, 70), (9.0, 99), (9.2, 100), (20.0, 100))
    assert (reset.detected_s, reset.recovered_s) == (0.5, 9.25)


def test_a_fault_is_over_only_after_a_healthy_period() -> None:
    samples = [(0.5, 50), (4.0, 100), (9.0, 100)]
    assert not recovery(*samples[:2]).is_over
    assert recovery(*samples, (0.75 + CALM_S + 4.0, 100)).is_over


def test_a_fault_is_watched_for_its_minimum_time() -> None:
    assert not recovery((0.2, 100), (30.0, 100), watch_s=45).is_over


def test_problems_that_start_later_have_a_different_cause() -> None:
    later = recovery((0.5, 50), (2.0, 100), (8.0, 90), (8.5, 90), (9.0, 100))
    assert later.recovered_s == 0.75


def test_an_outdated_channel_list_is_unhealthy() -> None:
    assert recovery((0.2, 100), fresh_ms=1_001).detected_s == 0.2
    assert recovery((0.2, 100), fresh_ms=1_000).detected_s is None


@pytest.mark.parametrize(
    ("sample", "is_healthy"),
    [
        (ListeningSample(0, 100, 100, 100, 0, 0), True),
        (ListeningSample(0, 100, 99, 99, 0, 0), False),
        (ListeningSample(0, 100, 100, 99, 0, 0), False),
        (ListeningSample(0, 100, 100, 100, 5_000, 0), False),
        (ListeningSample(0, 0, 0, 0, 0, 0), False),
    ],
)
def test_healthy_means_that_all_listed_channels_are_heard_and_written(
    sample: ListeningSample, is_healthy: bool
) -> None:
    assert sample.is_healthy is is_healthy


def test_the_recovery_of_the_first_20_channels_is_timed_from_the_fault() -> None:
    reset = recovery((0.2, 100), (0.5, 50), (3.0, 69), (4.0, 70), (9.2, 100))
    assert reset.heard_again_s(affected=50, first=20) == 4.0
    assert recovery((0.2, 100), (9.0, 100)).heard_again_s(affected=50, first=20) is None


def test_a_loss_is_detected_when_half_of_the_channels_are_known_to_be_lost() -> None:
    half_open = recovery((0.2, 99), (25.0, 75), (30.0, 50))
    assert half_open.loss_detected_s(50) == 25.0
    assert half_open.loss_detected_s(52) == 30.0
    assert recovery((0.2, 99)).loss_detected_s(50) is None


def test_exceeded_limits_are_reported() -> None:
    slow = recovery((20.0, 50), (25.0, 100))
    fault = IngestFault("reset", lambda _: {}, detected_within_s=10, first_20_within_s=15)
    assert exceeded_limits(fault, slow, {"channels": list(range(50))}) == [
        "loss detected: after 20.0 s, expected within 10 s",
        "20 channels heard again: after 25.0 s, expected within 15 s",
    ]
    calm = recovery((20.0, 100))
    assert all("never" in problem for problem in exceeded_limits(fault, calm, {}))
    lenient = IngestFault("reset", lambda _: {}, detected_within_s=21, first_20_within_s=26)
    assert exceeded_limits(lenient, slow, {}) == []


def test_watching_without_a_recovery_ends_at_the_limit() -> None:
    samples = (ListeningSample(at_s, WANTED, WANTED, 50, 0, 0) for at_s in (0.0, 1.0, 2.0))
    result, in_time = watch(lambda: next(samples), 0.0, watch_s=0.5, limit_s=1.5)
    assert (in_time, len(result.samples)) == (False, 3)


def test_fault_names_are_unique() -> None:
    names = [fault.name for fault in ingest_faults()]
    assert len(set(names)) == len(names)


def test_every_fault_of_the_simulated_twitch_is_injected() -> None:
    missing = DEFAULTS.keys() - {fault.name for fault in ingest_faults()}
    assert not missing, f"drills/faults.py: ingest_faults lacks {sorted(missing)}"


def test_metrics_are_read_by_name_and_labels() -> None:
    text = '# TYPE a gauge\na{state="joined",b="c"} 2\n# TYPE n counter\nn_total 5.0\n'
    assert read_metrics(text) == {'a{b="c",state="joined"}': 2.0, "n_total": 5.0}
