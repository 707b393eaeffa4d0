import pytest

from core.metrics.ranking import Entry, age_of, rank


def entries(**values: float) -> list[Entry]:
    return [Entry(channel_id, value) for channel_id, value in values.items()]


def test_the_greatest_value_comes_first_and_ties_are_ordered_by_id() -> None:
    assert rank(entries(c=1, b=5, a=5, d=9), size=3) == ("d", "b", "a")


@pytest.mark.parametrize(
    ("behind_ms", "age"), [(0, "fresh"), (10_000, "fresh"), (10_001, "stale"), (60_000, "stale"), (60_001, "gone")]
)
def test_a_row_is_stale_after_10_s_and_gone_after_60_s(behind_ms: int, age: str) -> None:
    assert age_of(1_000_000 - behind_ms, 1_000_000) == age
