import pytest

from core.ranking import Entry, Order, age_of, next_order, rank


def entries(**values: float) -> list[Entry]:
    return [Entry(channel_id, value) for channel_id, value in values.items()]


def test_the_greatest_value_comes_first_and_of_equal_ones_the_greater_id() -> None:
    assert rank(entries(c=1, b=5, a=5, d=9), size=3) == ("d", "b", "a")


def test_the_first_order_is_shown_at_once() -> None:
    assert next_order(Order(), entries(a=1, b=2), 10, now_ms=5_000) == Order(("b", "a"), 5_000)


def test_an_order_stands_for_two_seconds_while_values_move() -> None:
    order = Order(("a", "b"), 5_000)
    moved = entries(a=1, b=2)
    assert next_order(order, moved, 10, now_ms=6_999) == order
    assert next_order(order, moved, 10, now_ms=7_000) == Order(("b", "a"), 7_000)


def test_an_order_that_stays_right_does_not_start_the_two_seconds_again() -> None:
    order = Order(("a", "b"), 5_000)
    assert next_order(order, entries(a=2, b=1), 10, now_ms=9_000) == order


def test_a_newcomer_waits_for_the_next_change() -> None:
    order = Order(("a", "b"), 5_000)
    with_c = entries(a=3, b=2, c=9)
    assert next_order(order, with_c, 2, now_ms=6_000).channel_ids == ("a", "b")
    assert next_order(order, with_c, 2, now_ms=7_000).channel_ids == ("c", "a")


def test_a_channel_without_data_goes_at_once_and_the_others_stay() -> None:
    order = Order(("a", "b", "c"), 5_000)
    assert next_order(order, entries(b=1, c=2), 10, now_ms=5_500) == Order(("b", "c"), 5_000)


def test_a_clock_set_back_does_not_freeze_the_board() -> None:
    order = Order(("a", "b"), 500_000)
    assert next_order(order, entries(a=1, b=2), 10, now_ms=1_000) == Order(("b", "a"), 1_000)


@pytest.mark.parametrize(
    ("behind_ms", "age"), [(0, "fresh"), (10_000, "fresh"), (10_001, "stale"), (60_000, "stale"), (60_001, "gone")]
)
def test_a_row_is_grey_after_ten_seconds_and_gone_after_sixty(behind_ms: int, age: str) -> None:
    assert age_of(1_000_000 - behind_ms, 1_000_000) == age
