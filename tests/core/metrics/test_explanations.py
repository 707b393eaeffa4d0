"""Each metric has an explanation, with a worked example that ends with the result of the formula."""

from __future__ import annotations

import pytest

from core.metrics.explanations import EXPLANATIONS, worked_example
from core.metrics.table import METRICS


def test_each_metric_is_explained() -> None:
    assert list(EXPLANATIONS) == [metric.key for metric in METRICS]


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("messages", "= 214 msg / 30 s"),
        ("engagement", "150 × 2 / (20,000 / 1,000) = 15.0 per 1k viewers"),
        ("spam", "420 / 80 = 5.25 words / msg"),
        ("excitement", "(150 - 100) / 10 = 5.0 × usual spread"),
        ("repetition", "100 × (1 - 150 / 200) = 25% repeated"),
        ("removals", "1,000 × 2 / 400 = 5.0 per 1k messages"),
        ("coverage", "100 × 28,500 / 30,000 = 95% of time"),
    ],
)
def test_a_worked_example_ends_with_the_result_of_the_formula(key: str, result: str) -> None:
    assert worked_example(key).endswith(result)
