"""The frame cache: one payload per distinct subscription spec per tick, however many sockets share the spec."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from apps.live.board import Board
from apps.live.outboxes import Payload
from apps.live.payloads import ChannelEncoder, TableEncoder, encode_board
from apps.live.readings import LiveBoards
from apps.live.recent_events import RecentMarks
from apps.live.subscriptions import ChannelsSpec, SubscriptionSpec, TableSpec

# New subscribers get a cached payload only up to this age. After that, a tick is due or ticks have stopped.
PAYLOAD_TTL_MS = 1_000
TABLE_INTERVAL_MS = 2_000
# Ticks are not exact to the millisecond.
TICK_JITTER_MS = 300


@dataclass(frozen=True, slots=True)
class CachedPayload:
    """A payload, the time at which it was built, and the requested channel ids that are unknown."""

    at_ms: int
    payload: Payload
    unknown: tuple[str, ...] = ()


class FrameCache:
    """Builds payloads from one reading of the boards and caches the newest ones. Methods raise ServiceUnavailable."""

    def __init__(self, boards: LiveBoards, recent: RecentMarks, clock: Callable[[], int]) -> None:
        self._boards = boards
        self._recent = recent
        self._clock = clock
        self._table = TableEncoder()
        self._cached: dict[SubscriptionSpec, CachedPayload] = {}

    async def current(self, spec: SubscriptionSpec) -> CachedPayload:
        """Return the payload for a new subscriber: the cached one if it is fresh, otherwise a new one."""
        ttl_ms = TABLE_INTERVAL_MS if spec == TableSpec() else PAYLOAD_TTL_MS
        # Looked up under the lock, so that sockets that open together wait for the same reading.
        async with self._boards.lock:
            now_ms, cached = self._clock(), self._cached.get(spec)
            if cached is None or not 0 <= now_ms - cached.at_ms < ttl_ms:
                cached = (await self._build([spec], now_ms))[spec]
                self._cached[spec] = cached
            return cached

    async def refresh(self, specs: Collection[SubscriptionSpec]) -> dict[SubscriptionSpec, Payload]:
        """Return the new payloads of a tick. The table gets a new payload only every TABLE_INTERVAL_MS."""
        async with self._boards.lock:
            now_ms = self._clock()
            built = await self._build([spec for spec in specs if self._is_due(spec, now_ms)], now_ms)
            still_cached = {spec: self._cached[spec] for spec in specs if spec in self._cached}
            self._cached = still_cached | built
        return {spec: cached.payload for spec, cached in built.items()}

    def _is_due(self, spec: SubscriptionSpec, now_ms: int) -> bool:
        cached = self._cached.get(spec)
        if cached is None or spec != TableSpec():
            return True
        return not 0 <= now_ms - cached.at_ms < TABLE_INTERVAL_MS - TICK_JITTER_MS

    async def _build(self, specs: Collection[SubscriptionSpec], now_ms: int) -> dict[SubscriptionSpec, CachedPayload]:
        boards = [spec for spec in specs if isinstance(spec, Board)]
        groups = [spec for spec in specs if isinstance(spec, ChannelsSpec)]
        built: dict[SubscriptionSpec, CachedPayload] = {}
        if boards or groups:
            built |= await self._build_from_one_reading(boards, groups, now_ms)
        if TableSpec() in specs:
            payload = self._table.next(await self._boards.read_all_locked(now_ms), now_ms)
            built[TableSpec()] = CachedPayload(now_ms, payload)
        return built

    async def _build_from_one_reading(
        self, boards: Collection[Board], groups: Collection[ChannelsSpec], now_ms: int
    ) -> Mapping[SubscriptionSpec, CachedPayload]:
        ids = {channel_id for spec in groups for channel_id in spec.ids}
        reading = await self._boards.read_locked(boards, ids, now_ms)
        encoder = ChannelEncoder(reading, self._recent.get(reading.channels.keys(), now_ms), now_ms)
        built: dict[SubscriptionSpec, CachedPayload] = {
            board: CachedPayload(now_ms, Payload(encode_board(board, reading, now_ms), at_ms=now_ms))
            for board in boards
        }
        for spec in groups:
            unknown = tuple(channel_id for channel_id in spec.ids if channel_id not in reading.channels)
            built[spec] = CachedPayload(now_ms, Payload(encoder.encode(spec), at_ms=now_ms), unknown)
        return built
