"""Prometheus metrics and heartbeats of the processes, without servers."""

from __future__ import annotations

import http.client
from collections.abc import Iterable

import pytest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from apps.live.directory import Directory
from apps.live.frames import FrameCache
from apps.live.hub import Hub
from apps.live.readings import LiveBoards
from apps.live.recent_events import RecentMarks
from apps.live.telemetry import WebCollector, WebHeartbeatSource
from apps.metrics.board_reader import BoardReader
from apps.metrics.checkpoint_watch import Checkpoint, Checkpoints
from apps.metrics.flink_cluster import JobCounters
from apps.metrics.sink_telemetry import SinkCollector, SinkCounts, SinkHeartbeatSource
from apps.metrics.stream_telemetry import StreamCollector, StreamHeartbeatSource, StreamState
from core.contracts.heartbeats import BoardsHeartbeat, HistoryHeartbeat
from core.ops.telemetry import MEASURE, MEASURES, Process, exported_by
from core.pipeline.records import WindowRecord
from twitchly.heartbeats import Rate
from twitchly.telemetry import BUCKETS_S, counter, histogram, sample, samples, serve, values

T0 = 1_795_400_000_000


def collect(collector: Collector) -> dict[str, Metric]:
    return {family.name: family for family in collector.collect()}


def by_label(family: Metric) -> dict[tuple[str, ...], float]:
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


def idle_hub() -> Hub:
    """Return a hub without sockets or servers."""
    return Hub(
        None,
        FrameCache(
            LiveBoards(BoardReader("redis://"), Directory("redis://")), RecentMarks(lambda _ids, _ms: {}), lambda: T0
        ),
    )


@pytest.mark.parametrize(
    ("process", "collector"),
    [
        ("history", SinkCollector(SinkCounts(), lambda: T0)),
        ("boards", SinkCollector(SinkCounts(), lambda: T0)),
        ("stream", StreamCollector(StreamState(), lambda: T0)),
        ("web", WebCollector(idle_hub())),
    ],
)
def test_all_listed_metrics_are_exported_from_the_start(process: Process, collector: Collector) -> None:
    assert collect(collector).keys() == exported_by(process) - exported_by("all")


def test_a_name_has_the_same_meaning_in_all_processes() -> None:
    assert {(m.name, m.kind, m.labels, m.text) for m in MEASURES} == {
        (m.name, m.kind, m.labels, m.text) for m in MEASURE.values()
    }


def test_an_unknown_value_has_no_sample() -> None:
    assert sample("twitchly_stream_checkpoint_age_seconds", None).samples == []
    assert samples("twitchly_sink_rows", {}).samples == []


def test_histogram_buckets_are_cumulative() -> None:
    seconds = histogram("twitchly_http_request_seconds")
    for duration_s in (0.001, 0.2, 0.25, 99.0):
        seconds.labels("board").observe(duration_s)
    (family,) = seconds.collect()
    samples = family.samples
    buckets = [sample.value for sample in samples if sample.name.endswith("_bucket")]
    assert (len(buckets), buckets[0], buckets[BUCKETS_S.index(0.25)], buckets[-2:]) == (11, 1, 3, [3, 4])
    assert {s.name: s.value for s in samples if not s.name.endswith("_bucket")} == {
        "twitchly_http_request_seconds_count": 4,
        "twitchly_http_request_seconds_sum": pytest.approx(99.451),
    }


def test_counters_and_histograms_export_only_listed_names() -> None:
    requests, seconds = counter("twitchly_http_requests"), histogram("twitchly_http_request_seconds")
    requests.labels("board", 200).inc()
    seconds.labels("board").observe(0.1)
    names = {sample.name for metric in (requests, seconds) for family in metric.collect() for sample in family.samples}
    assert names == {*MEASURE["twitchly_http_requests"].samples, *MEASURE["twitchly_http_request_seconds"].samples}
    assert values(requests) == {("board", "200"): 1}


def windows(*ends_ms: int) -> Iterable[WindowRecord]:
    return [WindowRecord("1", "live", end_ms - 30_000, end_ms, {"messages": 1}) for end_ms in ends_ms]


def test_a_sink_exports_its_rows_and_its_lag() -> None:
    counts = SinkCounts()
    counts.record_write(windows(T0 - 2_000, T0 - 5_000), 3, 0.01)
    counts.read_ms, counts.lag = T0 - 40_000, {"windows-live": 0}
    result = collect(SinkCollector(counts, lambda: T0))
    assert by_label(result["twitchly_sink_rows"]) == {("live",): 2, ("event",): 3}
    assert by_label(result["twitchly_sink_newest_window_age_seconds"]) == {("live",): 2.0}
    assert by_label(result["twitchly_sink_lag_seconds"]) == {(): 0.0}
    counts.lag, counts.halted = {"windows-live": 7}, "too many"
    result = collect(SinkCollector(counts, lambda: T0))
    assert by_label(result["twitchly_sink_lag_seconds"]) == {(): 40.0}
    assert by_label(result["twitchly_sink_halted"]) == {(): 1.0}
    beat = SinkHeartbeatSource(HistoryHeartbeat, "1", counts, lambda: T0)()
    assert (beat.kind, beat.name, beat.at_ms) == ("history", "1", T0)
    assert (beat.lag, beat.lag_s, beat.halted, beat.newest_ms) == (7, 40.0, "too many", T0 - 2_000)


def test_a_sink_that_waits_for_its_store_lags_even_without_unread_records() -> None:
    assert SinkCounts(read_ms=T0 - 9_000, is_waiting=True).lag_s(T0) == 9.0
    assert SinkCounts(is_waiting=True).lag_s(T0) == 0.0


def test_the_stream_job_exports_its_newest_checkpoint() -> None:
    counters = JobCounters(records_read=900, not_json=1, late_dropped=0, waiting=12)
    checkpoints = Checkpoints(6, 2, "", Checkpoint(T0 - 12_000, 81_920, 140))
    state = StreamState(True, True, 1, 3, counters, checkpoints)
    result = {name: by_label(family) for name, family in collect(StreamCollector(state, lambda: T0)).items()}
    assert result["twitchly_stream_checkpoint_age_seconds"] == {(): 12.0}
    assert result["twitchly_stream_checkpoint_seconds"] == {(): 0.14}
    assert result["twitchly_stream_checkpoints"] == {("completed",): 6, ("failed",): 2}
    assert (result["twitchly_stream_lag_records"], result["twitchly_stream_late_dropped"]) == ({(): 12}, {(): 3})
    beat = StreamHeartbeatSource("twitchly", state, lambda: T0)()
    assert (beat.checkpoint_ms, beat.checkpoint_s, beat.waiting, beat.read_per_s) == (T0 - 12_000, 0.14, 12, 0.0)


def test_heartbeats_work_before_the_first_record() -> None:
    stream = StreamHeartbeatSource("twitchly", StreamState(), lambda: T0)()
    assert (stream.checkpoint_ms, stream.waiting, stream.read_per_s, stream.failed) == (None, None, None, None)
    web = WebHeartbeatSource("web-1", idle_hub(), lambda: T0)()
    assert (web.requests_per_s, web.tick_age_s) == (0.0, None)
    sink = SinkHeartbeatSource(BoardsHeartbeat, "1", SinkCounts(), lambda: T0)()
    assert (sink.kind, sink.newest_ms) == ("boards", None)


def test_a_rate_covers_20_s_and_restarts_with_its_counter() -> None:
    rate = Rate()
    assert [rate.per_s(count, at_s) for count, at_s in ((100, 0), (150, 5), (300, 20), (900, 30))] == [0, 0, 10, 10]
    assert rate.per_s(1_100, 40) == 40
    assert rate.per_s(5, 45) == 0


@pytest.mark.parametrize(
    ("host", "status"), [("127.0.0.1:{}", 200), ("localhost:{}", 200), ("evil.example", 403), ("evil.example:{}", 403)]
)
def test_the_endpoint_answers_requests_for_the_loopback_address_only(host: str, status: int) -> None:
    port = serve(SinkCollector(SinkCounts(), lambda: T0), 0)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/metrics", headers={"Host": host.format(port)})
    response = connection.getresponse()
    assert (response.status, b"twitchly_" in response.read()) == (status, status == 200)
    connection.close()
