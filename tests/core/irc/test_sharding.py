"""Assignment of channels to partitions and connections."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.irc.sharding import partition_of, plan

logins = st.lists(st.integers(0, 40).map(lambda n: f"c{n}"), unique=True)


def apply(current: dict[int, list[str]], targets: list[str], per_connection: int) -> dict[int, list[str]]:
    moves = plan(targets, current, per_connection)
    after = {number: list(names) for number, names in current.items()}
    for number, names in moves.part.items():
        after[number] = [name for name in after[number] if name not in names]
    for number, names in moves.join.items():
        after.setdefault(number, []).extend(names)
    return after


def test_a_channel_keeps_its_partition() -> None:
    assert [partition_of(str(n), 4) for n in (1, 2, 3, 141981764)] == [3, 1, 3, 1]


def test_channels_are_joined_in_order_of_priority() -> None:
    assert plan(["a", "b", "c"], {}, 2).join == {0: ["a", "b"], 1: ["c"]}


def test_free_slots_are_filled_before_a_connection_is_opened() -> None:
    moves = plan(["a", "c", "d", "e"], {0: ["a", "b"], 1: ["c"]}, 2)
    assert moves.part == {0: ["b"]}
    assert moves.join == {0: ["d"], 1: ["e"]}


def test_new_connections_are_assigned_channels_in_turns_of_20_joins() -> None:
    targets = [f"c{n}" for n in range(120)]
    first, second, third = plan(targets, {}, 50).join.values()
    assert first == targets[0:20] + targets[60:80]
    assert second == targets[20:40] + targets[80:100]
    assert third == targets[40:60] + targets[100:120]


def test_new_connections_are_filled_one_after_the_other_when_they_share_a_budget() -> None:
    targets = [f"c{n}" for n in range(70)]
    assert list(plan(targets, {}, 50, strict=True).join.values()) == [targets[:50], targets[50:]]


@given(logins, logins, st.integers(1, 7))
def test_channels_are_assigned_once_and_stay_on_their_connection(
    before: list[str], targets: list[str], per_connection: int
) -> None:
    current = apply({}, before, per_connection)
    after = apply(current, targets, per_connection)
    assert sorted(name for names in after.values() for name in names) == sorted(targets)
    assert all(len(names) <= per_connection for names in after.values())
    home = {name: number for number, names in current.items() for name in names}
    assert all(home.get(name, number) == number for number, names in after.items() for name in names)
