"""What looks at a copy say of its recovery."""

import pytest

from drills.faults import Drill, drills
from drills.ingest import broken_limits
from drills.stack import read_metrics
from drills.watching import CALM_S, Course, Look, watch

WANTED = 100


def course(*confirmed: tuple[float, int], watch_s: float = 5.0, fresh_ms: int = 0) -> Course:
    looks = [Look(at_s, WANTED, WANTED, heard, 0, 1_000) for at_s, heard in confirmed]
    return Course(looks, 0.0, watch_s, fresh_ms)


def test_nothing_amiss_is_recovered_at_once() -> None:
    calm = course((0.2, 100), (5.2, 100))
    assert (calm.noticed_s, calm.recovered_s, calm.is_over) == (None, 0.0, True)


def test_a_recovery_lasts_until_the_last_look_that_was_amiss() -> None:
    reset = course((0.2, 100), (0.5, 50), (3.0, 70), (9.0, 99), (9.2, 100), (20.0, 100))
    assert (reset.noticed_s, reset.recovered_s) == (0.5, 9.25)


def test_it_is_over_only_when_all_was_well_for_long_enough() -> None:
    looks = [(0.5, 50), (4.0, 100), (9.0, 100)]
    assert not course(*looks[:2]).is_over
    assert course(*looks, (0.75 + CALM_S + 4.0, 100)).is_over


def test_it_is_not_over_before_it_was_watched_for_long_enough() -> None:
    assert not course((0.2, 100), (30.0, 100), watch_s=45).is_over


def test_what_begins_later_is_another_matter() -> None:
    later = course((0.5, 50), (2.0, 100), (8.0, 90), (8.5, 90), (9.0, 100))
    assert later.recovered_s == 0.75


def test_a_list_that_is_not_fresh_is_not_well() -> None:
    assert course((0.2, 100), fresh_ms=1_001).noticed_s == 0.2
    assert course((0.2, 100), fresh_ms=1_000).noticed_s is None


@pytest.mark.parametrize(
    ("look", "well"),
    [
        (Look(0, 100, 100, 100, 0, 0), True),
        (Look(0, 100, 99, 99, 0, 0), False),
        (Look(0, 100, 100, 99, 0, 0), False),
        (Look(0, 100, 100, 100, 5_000, 0), False),
        (Look(0, 0, 0, 0, 0, 0), False),
    ],
)
def test_well_is_all_that_is_listed_heard_and_written(look: Look, well: bool) -> None:
    assert look.is_well is well


def test_the_first_20_of_a_lost_connection_are_counted_from_the_fault() -> None:
    reset = course((0.2, 100), (0.5, 50), (3.0, 69), (4.0, 70), (9.2, 100))
    assert reset.again_s(touched=50, first=20) == 4.0
    assert course((0.2, 100), (9.0, 100)).again_s(touched=50, first=20) is None


def test_a_loss_is_noticed_when_half_of_the_channels_are_known_to_be_lost() -> None:
    half_open = course((0.2, 99), (25.0, 75), (30.0, 50))
    assert half_open.lost_s(50) == 25.0
    assert half_open.lost_s(52) == 30.0
    assert course((0.2, 99)).lost_s(50) is None


def test_limits_that_were_not_kept_are_told() -> None:
    slow = course((20.0, 50), (25.0, 100))
    drill = Drill("reset", lambda _: {}, noticed_within_s=10, first_20_within_s=15)
    assert broken_limits(drill, slow, {"channels": list(range(50))}) == [
        "the loss was noticed after 20.0 s: expected within 10 s",
        "20 channels were heard again after 25.0 s: expected within 15 s",
    ]
    calm = course((20.0, 100))
    assert all("not at all" in problem for problem in broken_limits(drill, calm, {}))
    kept = Drill("reset", lambda _: {}, noticed_within_s=21, first_20_within_s=26)
    assert broken_limits(kept, slow, {}) == []


def test_a_copy_that_does_not_recover_is_given_up() -> None:
    looks = (Look(at_s, WANTED, WANTED, 50, 0, 0) for at_s in (0.0, 1.0, 2.0))
    given_up, is_well = watch(lambda: next(looks), 0.0, watch_s=0.5, limit_s=1.5)
    assert (is_well, len(given_up.looks)) == (False, 3)


def test_every_fault_has_a_name_of_its_own() -> None:
    names = [drill.name for drill in drills()]
    assert len(set(names)) == len(names) == 28


def test_a_metrics_page_is_read_by_name_and_labels() -> None:
    text = '# TYPE a gauge\na{state="joined",b="c"} 2\n# TYPE n counter\nn_total 5.0\n'
    assert read_metrics(text) == {'a{b="c",state="joined"}': 2.0, "n_total": 5.0}
