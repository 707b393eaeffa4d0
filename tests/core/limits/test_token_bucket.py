from core.limits.token_bucket import Allowance


def test_so_many_at_once_and_then_as_time_passes() -> None:
    allowance = Allowance(3, 2, 10.0)
    assert [allowance.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert [allowance.take(10.4), allowance.take(10.5), allowance.take(10.5)] == [False, True, False]


def test_who_waits_long_has_no_more_than_at_the_beginning() -> None:
    allowance = Allowance(3, 2, 10.0)
    assert [allowance.take(1_000.0) for _ in range(4)] == [True, True, True, False]
