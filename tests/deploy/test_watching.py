"""The dashboard, alerts and scrape configuration are valid, and refer to existing metrics, labels and jobs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from core.ops.telemetry import MEASURES
from deploy.local.ports import NAMES, Ports

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "dashboards" / "twitchly.json").read_text())
RULES = yaml.safe_load((DEPLOY / "prometheus" / "rules.yml").read_text())
SCRAPED = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"]]
# Labels that Prometheus adds to every sample, and the samples that it creates itself.
PROMETHEUS_LABELS, PROMETHEUS_SAMPLES = {"job", "instance"}, {"up"}
LABELS = {
    sample: {*measure.labels, *PROMETHEUS_LABELS, *(["le"] if sample.endswith("_bucket") else [])}
    for measure in MEASURES
    for sample in measure.samples
} | dict.fromkeys(PROMETHEUS_SAMPLES, PROMETHEUS_LABELS)
EXPRESSIONS = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])),
    *(rule["expr"] for rule in ALERTS),
]


def nodes(expression: str) -> list[Any]:
    visited: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), visited.append)
    return visited


def selectors(expression: str) -> Iterator[Any]:
    return (node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expressions_use_existing_metrics_and_labels(expression: str) -> None:
    known: set[str] = set()
    for selector in selectors(expression):
        assert selector.name in LABELS, f"{selector.name} is unknown"
        known |= LABELS[selector.name]
        assert {matcher.name for matcher in selector.matchers.matchers} <= LABELS[selector.name]
    for node in nodes(expression):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            assert set(node.modifier.labels) <= known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_histogram_samples_are_used_as_a_rate_or_an_increase(expression: str) -> None:
    counters = {sample for measure in MEASURES if measure.kind == "histogram" for sample in measure.samples}
    for selector in selectors(expression):
        if selector.name in counters:
            assert re.search(rf"(rate|increase)\({selector.name}\b", expression)


def test_every_alert_has_a_summary_and_is_documented() -> None:
    operation = (DEPLOY.parent / "docs" / "operation.md").read_text()
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    for rule in ALERTS:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert f"**{rule['alert']}**" in operation
    assert set(re.findall(r"^- \*\*(\w+)\*\*", operation, re.MULTILINE)) >= set(names)


def test_every_metrics_endpoint_is_scraped_on_loopback_by_its_job() -> None:
    ports, jobs = Ports(), {job["job_name"]: job["static_configs"][0]["targets"] for job in SCRAPED}
    endpoints = {
        "worker": "worker's metrics",
        "producer": "producer's metrics",
        "web": "web's metrics",
        "history": "history sink's metrics",
        "boards": "boards sink's metrics",
        "stream": "stream job's metrics",
    }
    assert jobs == {f"twitchly-{process}": [f"127.0.0.1:{ports[name]}"] for process, name in endpoints.items()}
    assert {name for name in NAMES if name.endswith("metrics")} - set(endpoints.values()) == {
        f"producer-{number}'s metrics" for number in (2, 3, 4)
    }
    assert {measure.process for measure in MEASURES} - {"all"} == endpoints.keys()


def test_expressions_use_scraped_jobs_only() -> None:
    jobs = {job["job_name"] for job in SCRAPED}
    used = {
        matcher.value
        for expression in EXPRESSIONS
        for selector in selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name == "job"
    }
    assert all(any(re.fullmatch(value, job) for job in jobs) for value in used)


def test_panels_do_not_overlap_and_have_unique_ids() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
