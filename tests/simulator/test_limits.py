from simulator.limits import RateLimit


def test_attempts_up_to_the_limit_are_allowed() -> None:
    window = RateLimit(3)
    assert [window.exceeded(now_s) for now_s in (0.0, 4.0, 9.9, 9.9)] == [False, False, False, True]


def test_attempts_expire_after_ten_seconds() -> None:
    window = RateLimit(1)
    assert not window.exceeded(0.0)
    assert not window.exceeded(10.0)


def test_rejected_attempts_count_toward_the_limit() -> None:
    window = RateLimit(1)
    assert [window.exceeded(now_s) for now_s in (0.0, 9.0, 18.0)] == [False, True, True]
