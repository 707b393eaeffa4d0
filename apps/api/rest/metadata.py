"""Metric definitions, service status, and the OpenAPI description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from rest_framework.request import Request

from apps.api.description.document import description_bytes
from apps.api.description.schema import operation
from apps.api.lookups import Readings
from apps.api.rest.response_schemas import metadata as schemas
from apps.api.rest.responses import ONE_HOUR, ApiResponse
from apps.api.rest.view import ApiView
from apps.api.scopes import Scope
from apps.live.freshness import viewers_freshness
from apps.metrics.boards import ranking_thresholds
from apps.status.queries import status_cache
from core.errors import NotFound, ServiceUnavailable
from core.metrics.columns import SLIDE_MS
from core.metrics.counting_rules import RULES, Rule
from core.metrics.docs import threshold_of
from core.metrics.table import METRIC, METRICS, Metric
from core.ops.health import BOARDS_STALE_MS, OpenIncident
from twitchly.clock import now_ms


@dataclass(frozen=True, slots=True)
class DefinedMetric:
    """A metric, with its thresholds and intervals on this instance."""

    metric: Metric

    @property
    def floor(self) -> str:
        return threshold_of(self.metric, ranking_thresholds())

    @property
    def every_s(self) -> int:
        return SLIDE_MS["live_distinct" if self.metric.distinct else "live"] // 1000


@dataclass(frozen=True, slots=True)
class Definitions:
    """All metrics, and the counting rules that are not part of their formulas."""

    items: Sequence[DefinedMetric] = tuple(map(DefinedMetric, METRICS))
    next: None = None
    rules: Sequence[Rule] = RULES


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Freshness and reliability of the values. Fields that cannot be read are None or "unknown"."""

    now_ms: int
    source: str
    state: str = "unknown"
    newest_end_ms: int | None = None
    age_ms: int | None = None
    viewers_at_ms: int | None = None
    viewers: str = "unknown"
    channels: int = 0
    late_dropped: int | None = None
    trust: str = "unknown"
    coverage_hour: float | None = None
    coverage_hour_measured_ms: int | None = None
    incidents: Sequence[OpenIncident] = ()


class MetricListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("list_metrics", "List metrics", "About", responses=schemas.MetricList, etag=True)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(schemas.MetricList.produce(Definitions()), ONE_HOUR)


class MetricView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_metric", "Get a metric", "About", responses=schemas.Metric, etag=True)
    async def get(self, _request: Request, key: str) -> ApiResponse:
        if key not in METRIC:
            raise NotFound(f"Unknown metric. Choose one of {', '.join(METRIC)}.")
        return ApiResponse(schemas.Metric.produce(DefinedMetric(METRIC[key])), ONE_HOUR)


class StatusView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_status", "Get the status", "About", responses=schemas.Status)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(schemas.Status.produce(await service_status(self.services.readings)))


class DescriptionView(ApiView):
    """Serves the OpenAPI description without authentication."""

    @operation(
        "get_description", "Get this description", "About", responses={(200, "application/json"): dict}, etag=True
    )
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(orjson.Fragment(description_bytes()), ONE_HOUR)


async def service_status(readings: Readings) -> ServiceStatus:
    """Return the status as on the Status page. Most fields are unknown while Redis is unavailable."""
    now = now_ms()
    source = "simulated" if settings.TWITCH_IS_SIMULATED else "twitch"
    status = ServiceStatus(now, source, **await _trust(now))
    try:
        reading = await readings.of_channels()
    except ServiceUnavailable:
        return status
    newest_ms, viewers_ms = reading.newest_end_ms, reading.viewers_at_ms
    status = replace(status, channels=len(reading.live()), late_dropped=reading.late_dropped)
    if newest_ms is not None:
        age_ms = max(0, now - newest_ms)
        state = "stale" if age_ms > BOARDS_STALE_MS else "live"
        status = replace(status, newest_end_ms=newest_ms, age_ms=age_ms, state=state)
    if viewers_ms is not None:
        status = replace(status, viewers_at_ms=viewers_ms, viewers=viewers_freshness(viewers_ms, now))
    return status


async def _trust(now: int) -> dict[str, Any]:
    """Return the verdict on the values, with the coverage and the open incidents behind it."""
    try:
        health = await database_sync_to_async(status_cache.read, thread_sensitive=False)(now)
    except DatabaseError:
        return {}
    return {
        "trust": health.verdict,
        "coverage_hour": health.hour_coverage,
        "coverage_hour_measured_ms": health.hour_measured_ms,
        "incidents": health.open_incidents,
    }
