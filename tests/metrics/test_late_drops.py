"""Late drops are summed across restarts."""

from apps.metrics.late_drops import LateDrops


def test_the_total_survives_new_jobs_and_restarts() -> None:
    late = LateDrops()
    assert [late.update(job, count) for job, count in (("a", 3), ("a", 5), ("a", 2), ("b", 4), ("b", 4), ("b", 0))] == [
        *(3, 2),  # first counts of job a
        2,  # tasks of job a were restarted
        *(4, 0),  # another job
        0,
    ]
    assert late.total == 11
