"""Prometheus metrics of the worker."""

from __future__ import annotations

import socket
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from apps.ingest.worker_telemetry import RefreshStats, WorkerCollector
from core.channels.stream import Stream
from core.ops.telemetry import exported_by
from twitchly.telemetry import serve

T0 = 1_795_400_000_000
ADA = Stream("7", "ada", "Ada", 900, "Chess", "en", "a title", "")
BOB = Stream("8", "bob", "Bob", None, "Go", "en", "another", "", live=False)


def samples(collector: WorkerCollector) -> dict[tuple[str, ...], float]:
    text = httpx.get(f"http://127.0.0.1:{serve(collector, 0)}/metrics").text
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.startswith("process_")
    }


def test_a_refresh_is_exported_to_prometheus() -> None:
    refresh_stats, calls = RefreshStats(), {"200": 8, "429": 1}
    collector = WorkerCollector(refresh_stats, lambda: calls, lambda: T0, lambda: T0 + 30_500)
    refresh_stats.results["failed"] += 2
    refresh_stats.done([ADA, replace(ADA, id="9"), BOB], T0)
    refresh_stats.incidents = frozenset(["boards"])
    metrics = samples(collector)
    assert metrics == {
        ("twitchly_helix_calls_total", "200"): 8,
        ("twitchly_helix_calls_total", "429"): 1,
        ("twitchly_refreshes_total", "done"): 1,
        ("twitchly_refreshes_total", "failed"): 2,
        ("twitchly_refresh_success_timestamp_seconds",): T0 / 1000,
        ("twitchly_listed_channels", "live"): 2,
        ("twitchly_listed_channels", "offline"): 1,
        ("twitchly_snapshot_age_seconds",): 30.5,
        ("twitchly_incidents_open", "boards"): 1,
    }
    assert {name[0].removesuffix("_total") for name in metrics} == exported_by("worker") - exported_by("all")


def test_unknown_metrics_are_absent() -> None:
    assert samples(WorkerCollector(RefreshStats(), dict, lambda: None, lambda: T0)) == {}


def test_a_taken_port_is_an_error() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        with pytest.raises(OSError, match="in use"):
            serve(WorkerCollector(RefreshStats(), dict, lambda: None, lambda: T0), listener.getsockname()[1])
