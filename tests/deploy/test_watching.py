"""The dashboard, the alerts and the scrape configuration: they parse, and name only what there is."""

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
# What Prometheus adds to every sample, and the samples of its own.
ITS_LABELS, ITS_NAMES = {"job", "instance"}, {"up"}
LABELS = {
    sample: {*measure.labels, *ITS_LABELS, *(["le"] if sample.endswith("_bucket") else [])}
    for measure in MEASURES
    for sample in measure.samples
} | dict.fromkeys(ITS_NAMES, ITS_LABELS)
EXPRESSIONS = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])),
    *(rule["expr"] for rule in ALERTS),
]


def nodes(expression: str) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(promql_parser.parse(expression), found.append)
    return found


def selectors(expression: str) -> Iterator[Any]:
    return (node for node in nodes(expression) if isinstance(node, promql_parser.VectorSelector))


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_parses_and_names_measures_and_labels_that_there_are(expression: str) -> None:
    known: set[str] = set()
    for selector in selectors(expression):
        assert selector.name in LABELS, f"{selector.name} is in no list"
        known |= LABELS[selector.name]
        assert {matcher.name for matcher in selector.matchers.matchers} <= LABELS[selector.name]
    for node in nodes(expression):
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            assert set(node.modifier.labels) <= known


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_counter_is_looked_at_as_a_rate_or_as_a_whole(expression: str) -> None:
    counters = {sample for measure in MEASURES if measure.kind == "histogram" for sample in measure.samples}
    for selector in selectors(expression):
        if selector.name in counters:
            assert re.search(rf"(rate|increase)\({selector.name}\b", expression)


def test_every_alert_says_what_is_wrong_and_is_explained() -> None:
    explained = (DEPLOY.parent / "docs" / "operation.md").read_text()
    names = [rule["alert"] for rule in ALERTS]
    assert len(names) == len(set(names))
    for rule in ALERTS:
        assert rule.keys() <= {"alert", "expr", "for", "labels", "annotations"}
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert f"**{rule['alert']}**" in explained
    assert set(re.findall(r"^- \*\*(\w+)\*\*", explained, re.MULTILINE)) >= set(names)


def test_every_page_for_prometheus_is_scraped_on_loopback_and_by_its_job() -> None:
    ports, jobs = Ports(), {job["job_name"]: job["static_configs"][0]["targets"] for job in SCRAPED}
    pages = {
        "worker": "worker's metrics",
        "producer": "producer's metrics",
        "web": "web's metrics",
        "history": "history sink's metrics",
        "boards": "boards sink's metrics",
        "stream": "stream job's metrics",
    }
    assert jobs == {f"twitchly-{process}": [f"127.0.0.1:{ports[name]}"] for process, name in pages.items()}
    assert {name for name in NAMES if name.endswith("metrics")} - set(pages.values()) == {
        f"producer-{number}'s metrics" for number in (2, 3, 4)
    }
    assert {measure.process for measure in MEASURES} - {"all"} == pages.keys()


def test_jobs_in_expressions_are_jobs_that_are_scraped() -> None:
    jobs = {job["job_name"] for job in SCRAPED}
    named = {
        matcher.value
        for expression in EXPRESSIONS
        for selector in selectors(expression)
        for matcher in selector.matchers.matchers
        if matcher.name == "job"
    }
    assert all(any(re.fullmatch(value, job) for job in jobs) for value in named)


def test_panels_lie_beside_each_other_and_have_ids_of_their_own() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
