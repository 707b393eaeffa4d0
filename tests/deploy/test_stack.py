"""The steps of a start, and their dependencies."""

import pytest

from deploy.local.layout import Layout
from deploy.local.programs import Scope
from deploy.local.stack import Stack
from deploy.local.supervisor_client import Supervisor

REAL = {"TWITCH_CLIENT_ID": "i", "TWITCH_CLIENT_SECRET": "s"}


def stack_of(layout: Layout, producers: int = 1) -> Stack:
    return Stack(layout, Supervisor(layout), "java", {}, producers)


@pytest.mark.parametrize("scope", list(Scope))
@pytest.mark.parametrize("settings", [{}, REAL])
def test_steps_depend_on_existing_steps_only(layout: Layout, scope: Scope, settings: dict[str, str]) -> None:
    steps = stack_of(Layout(layout.root, layout.var, layout.ports, settings)).steps(scope)
    assert {name for step in steps for name in step.after} <= {step.name for step in steps}


def test_ingest_only_has_no_processing_steps(layout: Layout) -> None:
    names = [step.name for step in stack_of(layout, 2).steps(Scope.INGEST)]
    assert names == [
        "Kafka",
        "Valkey",
        "Simulated Twitch",
        "Database and pages",
        "Topics",
        "Celery",
        "Producer",
        "Producer-2",
        "First joins",
    ]


def test_joins_on_the_real_twitch_are_not_awaited(layout: Layout) -> None:
    real = Layout(layout.root, layout.var, layout.ports, REAL)
    assert "First joins" not in [step.name for step in stack_of(real).steps(Scope.INGEST)]
