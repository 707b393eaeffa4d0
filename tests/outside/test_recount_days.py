"""The recount of days reports every wrong figure of a day, an hour or a peak."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, cast

import pytest

from tests.recount.chat import Message
from tests.recount.comparison import Comparison, crosses_midnight
from tests.recount.counting import DAY_MS, HOUR_MS, MINUTE_MS, by_channel
from tests.recount.days import (
    METRICS,
    PEAKS,
    Minute,
    compare_days,
    compare_figures,
    peaks_of,
    published_minutes,
    query_figures,
    recounted_minutes,
    values_of,
)
from tests.recount.published import Api, Figure, Pages, iso

T = 1_795_219_200_000
END_MS = T + DAY_MS
# The recount joined ten minutes before midnight; the minute that ended then was heard only in part.
FROM_MS = END_MS - 10 * MINUTE_MS
ROWS = [
    {
        "end": iso(FROM_MS),
        "coverage": "0.75",
        "count_messages": "40",
        "count_words": "100",
        "count_texts": "30",
        "count_copies": "2",
        "chatters": "12",
        "observed_ms": "48000",
    },
    {
        "end": iso(T + MINUTE_MS),
        "coverage": "",
        "count_messages": "",
        "count_words": "",
        "count_texts": "",
        "count_copies": "",
        "chatters": "",
        "observed_ms": "",
    },
]
MESSAGES = [
    Message(FROM_MS + 1_500 * n, f"m{n}", "7", f"user{n % 7}", f"text number {n % 11}", is_copy=n % 20 == 0)
    for n in range(420)
]


def comparison() -> Comparison:
    return Comparison(by_channel(MESSAGES), FROM_MS, END_MS + 5 * MINUTE_MS)


def minutes() -> dict[int, Minute]:
    return published_minutes(ROWS) | recounted_minutes(comparison().chats["7"], FROM_MS, END_MS)


def response() -> dict[str, Any]:
    """Return an API query response with the figures for the day; only its last hour has data."""
    of_day, peaks = values_of(list(minutes().values())), peaks_of(list(minutes().values()))
    in_last_hour = values_of([minute for start_ms, minute in minutes().items() if start_ms >= END_MS - HOUR_MS])
    total = {
        "values": {metric: of_day[metric] for metric in METRICS},
        "peaks": {metric: {"value": peaks[metric]} for metric in PEAKS},
        "heard_s": of_day["heard_s"],
        "messages": of_day["total_messages"],
    }
    days = {"values": {metric: [of_day[metric]] for metric in METRICS}, "heard_s": [of_day["heard_s"]]}
    unheard: list[float | None] = [None] * 23
    hours = {"values": {metric: [*unheard, in_last_hour[metric]] for metric in METRICS}}
    starts = [iso(start_ms) for start_ms in range(T, END_MS, HOUR_MS)]
    return {"items": [{"channel_id": "7", "total": total, "days": days, "hours": hours}], "hour_start": starts}


def differences(body: dict[str, Any]) -> list[str]:
    compared = comparison()
    compare_figures(compared, query_figures(body, "7", T), minutes())
    return compared.differences


def test_a_day_has_the_sums_of_its_minutes() -> None:
    busy, partial = Minute(60, 180, 20, 30, 6), Minute(10, 10, 3, 10, 0, observed_s=20, heard_s=15)
    assert values_of([busy, partial]) == {
        "messages": 70 * 30 / 80,
        "shared": 6 * 30 / 80,
        "spam": 190 / 70,
        "repetition": 100 * (1 - 40 / 70),
        "chatters": 20,
        "heard_s": 75,
        "total_messages": 70,
    }
    assert peaks_of([busy, partial]) == {"messages": 30, "spam": 3, "chatters": 20, "repetition": 50}
    assert set(values_of([]).values()) == {None, 0}


def test_minutes_before_the_recount_are_the_published_ones() -> None:
    known = minutes()
    assert known[FROM_MS - MINUTE_MS] == Minute(40, 100, 12, 30, 2, observed_s=48, heard_s=45)
    assert known[T] == Minute(0, 0, 0, 0, 0, observed_s=0, heard_s=0)
    assert len(known) == 12
    # Two of the 40 messages of the first recounted minute came from another channel.
    assert (known[FROM_MS].messages, known[FROM_MS].copies) == (38, 2)


def test_a_day_with_the_recounted_figures_has_no_difference() -> None:
    assert differences(response()) == []


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("place", ["total", "days", "hours"])
def test_a_wrong_value_is_reported(place: str, metric: str) -> None:
    body = response()
    (item,) = body["items"]
    values = item[place]["values"]
    if place == "total":
        values[metric] += 0.001
    else:
        values[metric][-1] += 0.001
    (difference,) = differences(body)
    assert metric in difference


@pytest.mark.parametrize(
    "change",
    [
        lambda item: item["total"].update(messages=item["total"]["messages"] + 1),
        lambda item: item["total"].update(heard_s=item["total"]["heard_s"] - 0.001),
        lambda item: item["days"].update(heard_s=[0]),
        lambda item: item["total"]["peaks"].update(chatters={"value": 99}),
        lambda item: item["total"]["peaks"].update(spam=None),
        lambda item: item["hours"]["values"]["messages"].__setitem__(4, 0),
        lambda item: item["days"]["values"].update(messages=[None]),
    ],
)
def test_any_wrong_total_or_time_or_peak_and_any_unknown_hour_is_reported(
    change: Callable[[dict[str, Any]], object],
) -> None:
    body = response()
    change(body["items"][0])
    assert len(differences(body)) == 1


class FakeApi:
    """A fake API that returns the figures of one day."""

    def __init__(self) -> None:
        self.body = response()

    def post(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = deepcopy(self.body)
        for name in {"days", "hours"} - {f"{body['grain']}s"}:
            answer["items"][0][name] = None
        return answer

    def rows(self, *_: object) -> list[dict[str, str]]:
        return ROWS

    def series(self, *_: object) -> dict[str, Any]:
        return {"summary": self.body["items"][0]["total"]}


class FakePages:
    """The pages with the figures for the day, and `discovered` messages in Discover."""

    discovered: float | None = None

    def discover(self, _days: str) -> list[dict[str, str]]:
        of_day = values_of(list(minutes().values()))
        row = {"id": "7", **{metric: f"{of_day[metric]:.4f}" for metric in METRICS}}
        return [row | ({"messages": str(self.discovered)} if self.discovered is not None else {})]

    def tiles(self, channel_id: str, metric: str, _from_ms: int, until_ms: int) -> tuple[list[Figure], str]:
        values, peaks = values_of(list(minutes().values())), peaks_of(list(minutes().values()))
        numbers = {"average": values[metric], "peak": peaks[metric]}
        figures = [
            Figure("", kind, channel_id, until_ms, {metric: n}, None, until_ms, {}) for kind, n in numbers.items()
        ]
        return figures, "0.7"


@pytest.mark.parametrize(("discovered", "count"), [(None, 0), (1.25, 1)])
def test_every_surface_of_a_day_is_compared(discovered: float | None, count: int) -> None:
    pages, compared = FakePages(), comparison()
    pages.discovered = discovered
    compare_days(compared, cast("Api", FakeApi()), cast("Pages", pages), T, FROM_MS)
    assert len(compared.differences) == count, compared.differences
    assert set(compared.compared) == {
        "API query: day",
        "API query: day peak",
        "API query, days: day",
        "API query, hours: hour",
        "API, day: day",
        "API, day: day peak",
        "page, day: day",
        "page, day: day peak",
        "page, Discover",
        "page, Discover: day",
    }


def test_windows_across_midnight_may_count_people_twice() -> None:
    assert crosses_midnight(END_MS - 20_000, END_MS + 10_000)
    assert not crosses_midnight(END_MS - 30_000, END_MS)
    assert not crosses_midnight(END_MS, END_MS + 30_000)
    compared = comparison()
    at_ms = END_MS + 10_000
    compared.windows([Figure("API live", "live", "7", at_ms, {"chatters": 99, "messages": 99}, 1, at_ms, {})])
    (difference,) = compared.differences
    assert "messages" in difference
