"""What a listening copy looks like from outside, four times a second, and what that says of a recovery."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx

from drills.stack import Stack

EVERY_S = 0.25
# How long all must have been well to count as recovered.
CALM_S = 5.0
# What a second brings waits at most: more of it means that Kafka does not keep up.
BUFFERED = 1_000


class Timed(Protocol):
    """What was seen at a moment, `at_s`, monotonic."""

    @property
    def at_s(self) -> float: ...


Seen = TypeVar("Seen", bound=Timed)


@dataclass(frozen=True, slots=True)
class Look:
    """One look: channels on the list, wanted and heard by all producers, records that wait, and the list's time."""

    at_s: float
    listed: int
    wanted: int
    confirmed: int
    buffered: int
    fetched_ms: int

    @property
    def is_well(self) -> bool:
        """Whether all that is listed is heard and written."""
        return 0 < self.listed == self.wanted == self.confirmed and self.buffered < BUFFERED


@dataclass(frozen=True, slots=True)
class Course:
    """The looks of one fault; `began_s` is when it was asked for. What began after `watch_s` is none of its doing."""

    looks: Sequence[Look]
    began_s: float
    watch_s: float
    fresh_ms: int = 0

    @property
    def is_over(self) -> bool:
        """Whether `watch_s` have passed and all has been well for CALM_S since."""
        last = self.looks[-1].at_s
        return last - self.began_s >= self.watch_s and last - self._unwell_s() >= CALM_S

    @property
    def noticed_s(self) -> float | None:
        """Seconds until anything was amiss for the first time; None if nothing ever was."""
        return next((look.at_s - self.began_s for look in self.looks if not self._is_well(look)), None)

    @property
    def recovered_s(self) -> float:
        """Seconds until all was well again; 0 if it always was."""
        return max(0.0, self._unwell_s() - self.began_s)

    def lost_s(self, touched: int) -> float | None:
        """Seconds until half of the `touched` channels were known to be lost; None if they never were."""
        missing = ((look.wanted - look.confirmed, look.at_s) for look in self.looks if look.wanted)
        return next((at_s - self.began_s for channels, at_s in missing if channels >= max(1, touched // 2)), None)

    def again_s(self, touched: int, first: int) -> float | None:
        """Seconds until `first` of the `touched` channels that were lost were heard again."""
        lost = False
        for look in self.looks:
            missing = look.wanted - look.confirmed
            lost |= missing > touched - first
            if lost and look.wanted > 0 and missing <= touched - first:
                return look.at_s - self.began_s
        return None

    def _is_well(self, look: Look) -> bool:
        return look.is_well and look.fetched_ms >= self.fresh_ms

    def _unwell_s(self) -> float:
        """Return until when something was amiss that began within `watch_s`."""
        until_s, was_well, counts = self.began_s, True, False
        for look in self.looks:
            is_well = self._is_well(look)
            if was_well and not is_well:
                counts = look.at_s - self.began_s < self.watch_s
            if not is_well and counts:
                until_s = look.at_s + EVERY_S
            was_well = is_well
        return until_s


def look(stack: Stack, producers: Sequence[int], timeout_s: float = 5.0) -> Look:
    """Look at the copy now; what does not answer in time has nothing."""
    pages = [_page(stack, number, timeout_s) for number in producers]
    wanted, confirmed = (_sum(pages, f'twitchly_irc_channels{{state="{state}"}}') for state in ("wanted", "confirmed"))
    buffered, snapshot = _sum(pages, "twitchly_records_buffered"), stack.snapshot()
    return Look(time.monotonic(), len(snapshot["streams"]), wanted, confirmed, buffered, int(snapshot["fetched_ms"]))


def watch(
    take: Callable[[], Look], began_s: float, watch_s: float, limit_s: float, fresh_ms: int = 0
) -> tuple[Course, bool]:
    """Look until all has been well for long enough; return the course, and whether that came within `limit_s`."""
    looks: list[Look] = []
    course = Course(looks, began_s, watch_s, fresh_ms)
    return course, follow(looks, take, lambda: course.is_over, began_s + limit_s)


def follow(looks: list[Seen], take: Callable[[], Seen], is_over: Callable[[], bool], until_s: float) -> bool:
    """Look and keep what is seen until it is over; return whether that came by `until_s`, monotonic."""
    while True:
        looks.append(take())
        if is_over():
            return True
        if looks[-1].at_s > until_s:
            return False
        time.sleep(EVERY_S)


def _page(stack: Stack, number: int, timeout_s: float) -> dict[str, float]:
    try:
        return stack.metrics(number, timeout_s)
    except (httpx.HTTPError, ValueError):
        return {}


def _sum(pages: Sequence[dict[str, float]], name: str) -> int:
    return int(sum(page.get(name, 0) for page in pages))
