"""Late drops add up, whatever Flink forgets."""

from apps.metrics.late_drops import LateDrops


def test_each_job_and_each_start_of_its_tasks_counts_from_nothing_and_the_total_stands() -> None:
    late = LateDrops()
    assert [late.look(job, count) for job, count in (("a", 3), ("a", 5), ("a", 2), ("b", 4), ("b", 4), ("b", 0))] == [
        *(3, 2),  # as they come
        2,  # its tasks were started again
        *(4, 0),  # another job
        0,
    ]
    assert late.total == 11
