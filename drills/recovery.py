"""Black-box samples of a listening instance, taken four times a second, and the recovery that they show."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import httpx

from drills.stack import Stack

EVERY_S = 0.25
# An instance has recovered when it has been healthy for this long.
CALM_S = 5.0
# About one second of records; a larger buffer means that Kafka is not keeping up.
BUFFERED = 1_000


class Timed(Protocol):
    """A sample taken at `at_s` on the monotonic clock."""

    @property
    def at_s(self) -> float: ...


AnySample = TypeVar("AnySample", bound=Timed)


@dataclass(frozen=True, slots=True)
class ListeningSample:
    """The numbers of listed, targeted and heard channels and of buffered records, and the list's timestamp."""

    at_s: float
    listed: int
    wanted: int
    confirmed: int
    buffered: int
    fetched_ms: int

    @property
    def is_healthy(self) -> bool:
        """True if all listed channels are heard and their records written."""
        return 0 < self.listed == self.wanted == self.confirmed and self.buffered < BUFFERED


@dataclass(frozen=True, slots=True)
class Recovery:
    """The samples for one fault, injected at `began_s`. Problems that start after `watch_s` have other causes."""

    samples: Sequence[ListeningSample]
    began_s: float
    watch_s: float
    fresh_ms: int = 0

    @property
    def is_over(self) -> bool:
        """True if `watch_s` have passed and the instance has been healthy for CALM_S."""
        last_s = self.samples[-1].at_s
        return last_s - self.began_s >= self.watch_s and last_s - self._unhealthy_until_s() >= CALM_S

    @property
    def detected_s(self) -> float | None:
        """Seconds until the first unhealthy sample; None if there is none."""
        return next((sample.at_s - self.began_s for sample in self.samples if not self._is_healthy(sample)), None)

    @property
    def recovered_s(self) -> float:
        """Seconds until the instance was healthy again; 0 if it always was."""
        return max(0.0, self._unhealthy_until_s() - self.began_s)

    def loss_detected_s(self, affected: int) -> float | None:
        """Return the seconds until half of the `affected` channels were known as lost, or None if they never were."""
        missing = ((sample.wanted - sample.confirmed, sample.at_s) for sample in self.samples if sample.wanted)
        return next((at_s - self.began_s for channels, at_s in missing if channels >= max(1, affected // 2)), None)

    def heard_again_s(self, affected: int, first: int) -> float | None:
        """Return the seconds until `first` of the `affected` channels were heard again after their loss."""
        lost = False
        for sample in self.samples:
            missing = sample.wanted - sample.confirmed
            lost |= missing > affected - first
            if lost and sample.wanted > 0 and missing <= affected - first:
                return sample.at_s - self.began_s
        return None

    def _is_healthy(self, sample: ListeningSample) -> bool:
        return sample.is_healthy and sample.fetched_ms >= self.fresh_ms

    def _unhealthy_until_s(self) -> float:
        """Return the end of the last problem that started within `watch_s`."""
        until_s, was_healthy, counts = self.began_s, True, False
        for sample in self.samples:
            is_healthy = self._is_healthy(sample)
            if was_healthy and not is_healthy:
                counts = sample.at_s - self.began_s < self.watch_s
            if not is_healthy and counts:
                until_s = sample.at_s + EVERY_S
            was_healthy = is_healthy
        return until_s


def take_sample(stack: Stack, producers: Sequence[int], timeout_s: float = 5.0) -> ListeningSample:
    """Sample the instance now; a process that does not respond in time contributes zeros."""
    pages = [_page(stack, number, timeout_s) for number in producers]
    wanted, confirmed = (_sum(pages, f'twitchly_irc_channels{{state="{state}"}}') for state in ("wanted", "confirmed"))
    buffered, channels = _sum(pages, "twitchly_records_buffered"), stack.channel_list()
    listed, fetched_ms = len(channels["streams"]), int(channels["fetched_ms"])
    return ListeningSample(time.monotonic(), listed, wanted, confirmed, buffered, fetched_ms)


def watch(
    take: Callable[[], ListeningSample], began_s: float, watch_s: float, limit_s: float, fresh_ms: int = 0
) -> tuple[Recovery, bool]:
    """Take samples until the instance has recovered; return them, and whether that happened within `limit_s`."""
    samples: list[ListeningSample] = []
    recovery = Recovery(samples, began_s, watch_s, fresh_ms)
    return recovery, collect(samples, take, lambda: recovery.is_over, began_s + limit_s)


def collect(
    samples: list[AnySample], take: Callable[[], AnySample], is_over: Callable[[], bool], until_s: float
) -> bool:
    """Append samples until the fault is over; return whether that happened by `until_s` on the monotonic clock."""
    while True:
        samples.append(take())
        if is_over():
            return True
        if samples[-1].at_s > until_s:
            return False
        time.sleep(EVERY_S)


def _page(stack: Stack, number: int, timeout_s: float) -> dict[str, float]:
    try:
        return stack.metrics(number, timeout_s)
    except (httpx.HTTPError, ValueError):
        return {}


def _sum(pages: Sequence[dict[str, float]], name: str) -> int:
    return int(sum(page.get(name, 0) for page in pages))
