from simulator.limits import Window


def test_as_many_as_are_allowed_pass_and_the_next_one_is_too_many() -> None:
    window = Window(3)
    assert [window.exceeded(now_s) for now_s in (0.0, 4.0, 9.9, 9.9)] == [False, False, False, True]


def test_attempts_are_forgotten_after_ten_seconds() -> None:
    window = Window(1)
    assert not window.exceeded(0.0)
    assert not window.exceeded(10.0)


def test_an_attempt_too_many_counts_as_an_attempt() -> None:
    window = Window(1)
    assert [window.exceeded(now_s) for now_s in (0.0, 9.0, 18.0)] == [False, True, True]
