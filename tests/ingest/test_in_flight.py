"""Count and age of the records in the Kafka client."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from apps.ingest.listening.in_flight import InFlight


def test_acknowledged_partitions_do_not_hide_a_silent_one() -> None:
    records = InFlight()
    records.add(0, 2, 10.0)
    records.add(1, 1, 11.0)
    records.add(0, 1, 12.0)
    records.add(2, 0, 1.0)
    records.remove(1)
    assert (len(records), records.oldest_s) == (3, 10.0)
    records.remove(0)
    assert records.oldest_s == 10.0
    records.remove(0)
    assert records.oldest_s == 12.0
    records.remove(0)
    assert (len(records), records.oldest_s) == (0, math.inf)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=40), st.randoms())
def test_the_oldest_record_equals_that_of_a_naive_list(batches: list[tuple[int, int]], rng: random.Random) -> None:
    records, naive = InFlight(), list[tuple[int, float]]()
    for now_s, (partition, count) in enumerate(batches):
        records.add(partition, count, float(now_s))
        naive += [(partition, float(now_s))] * count
        while naive and rng.random() < 0.5:
            partition = rng.choice(naive)[0]
            records.remove(partition)
            naive.remove(next(entry for entry in naive if entry[0] == partition))
        assert len(records) == len(naive)
        assert records.oldest_s == min((since_s for _, since_s in naive), default=math.inf)
