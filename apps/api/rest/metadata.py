"""Metric definitions, service status, and the OpenAPI description."""

from __future__ import annotations

from typing import Any

import orjson
from channels.db import database_sync_to_async
from django.conf import settings
from django.db import DatabaseError
from rest_framework.request import Request

from apps.api.description.document import description_bytes
from apps.api.description.schema import operation
from apps.api.rest import response_schemas
from apps.api.rest.readings import Readings
from apps.api.rest.responses import ONE_HOUR, ApiResponse, utc_datetime
from apps.api.rest.view import ApiView
from apps.api.scopes import Scope
from apps.live.freshness import viewers_freshness
from apps.metrics.boards import ranking_thresholds
from apps.status.queries import status_cache
from core.errors import NotFound, ServiceAway
from core.metrics.columns import SLIDE_MS
from core.metrics.counting_rules import RULES
from core.metrics.docs import threshold_of
from core.metrics.table import METRIC, METRICS, Metric
from core.ops.health import BOARDS_STALE_MS
from twitchly.clock import now_ms


class MetricListView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("list_metrics", "What every metric means", "About", responses=response_schemas.MetricList, etag=True)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(metrics_json(), ONE_HOUR)


class MetricView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_metric", "What a metric means", "About", responses=response_schemas.Metric, etag=True)
    async def get(self, _request: Request, key: str) -> ApiResponse:
        if key not in METRIC:
            raise NotFound(f"There is no such metric. There are {', '.join(METRIC)}.")
        return ApiResponse(metric_json(METRIC[key]), ONE_HOUR)


class StatusView(ApiView):
    scopes = {"get": Scope.READ_BOARDS}

    @operation("get_status", "How fresh the figures are", "About", responses=response_schemas.Status)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(await status_json(self.services.readings))


class DescriptionView(ApiView):
    """Serves the OpenAPI description without authentication."""

    @operation("get_description", "This description", "About", responses={(200, "application/json"): dict}, etag=True)
    async def get(self, _request: Request) -> ApiResponse:
        return ApiResponse(orjson.Fragment(description_bytes()), ONE_HOUR)


def metrics_json() -> dict[str, Any]:
    """Return all metrics, and the counting rules that formulas do not state."""
    rules = [{"key": rule.key, "title": rule.title, "text": rule.text} for rule in RULES]
    return {"items": [metric_json(metric) for metric in METRICS], "next": None, "rules": rules}


def metric_json(metric: Metric) -> dict[str, Any]:
    names = ("key", "label", "name", "unit", "decimals", "definition", "formula", "empty", "longer", "version")
    return {name: getattr(metric, name) for name in names} | {
        "range": metric.ranged,
        "peak": metric.peak,
        "floor": threshold_of(metric, ranking_thresholds()),
        "every_s": SLIDE_MS["live_distinct" if metric.distinct else "live"] // 1000,
        "is_ranked": metric.ranked,
        "is_count": metric.is_count,
        "is_by_length": metric.by_length,
    }


async def status_json(readings: Readings) -> dict[str, Any]:
    """Return the status, as the Status page shows it; mostly unknown while Redis is unavailable."""
    now = now_ms()
    source = "simulated" if settings.TWITCH_IS_SIMULATED else "twitch"
    status: dict[str, Any] = {"now": utc_datetime(now), "source": source, "state": "unknown", "viewers": "unknown"}
    status |= {"newest_end": None, "age_s": None, "viewers_at": None, "channels": 0, "late_dropped": None}
    status |= await trust_json(now)
    try:
        reading = await readings.of_channels()
    except ServiceAway:
        return status
    newest_ms, viewers_ms = reading.newest_end_ms, reading.viewers_at_ms
    if newest_ms is not None:
        age_ms = max(0, now - newest_ms)
        status["state"] = "stale" if age_ms > BOARDS_STALE_MS else "live"
        status |= {"newest_end": utc_datetime(newest_ms), "age_s": age_ms / 1000}
    if viewers_ms is not None:
        status |= {"viewers_at": utc_datetime(viewers_ms), "viewers": viewers_freshness(viewers_ms, now)}
    return status | {"channels": len(reading.live()), "late_dropped": reading.late_dropped}


async def trust_json(now: int) -> dict[str, Any]:
    """Return the verdict on the values, with the coverage and the open incidents behind it."""
    try:
        health = await database_sync_to_async(status_cache.read, thread_sensitive=False)(now)
    except DatabaseError:
        return {"trust": "unknown", "coverage_hour": None, "incidents": []}
    incidents = [
        {"rule": incident.rule, "since": utc_datetime(incident.since_ms), "cause": incident.cause}
        for incident in health.open_incidents
    ]
    return {"trust": health.verdict, "coverage_hour": health.hour_coverage, "incidents": incidents}
