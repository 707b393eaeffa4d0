"""Which steps a start has, and that none waits for one that is not there."""

import pytest

from deploy.local.layout import Layout
from deploy.local.programs import Extent
from deploy.local.stack import Stack
from deploy.local.supervisor_client import Supervisor

REAL = {"TWITCH_CLIENT_ID": "i", "TWITCH_CLIENT_SECRET": "s"}


def stack_of(layout: Layout, producers: int = 1) -> Stack:
    return Stack(layout, Supervisor(layout), "java", {}, producers)


@pytest.mark.parametrize("extent", list(Extent))
@pytest.mark.parametrize("settings", [{}, REAL])
def test_no_step_waits_for_one_that_is_not_there(layout: Layout, extent: Extent, settings: dict[str, str]) -> None:
    steps = stack_of(Layout(layout.root, layout.var, layout.ports, settings)).steps(extent)
    assert {name for step in steps for name in step.after} <= {step.name for step in steps}


def test_a_listening_copy_starts_no_counting(layout: Layout) -> None:
    names = [step.name for step in stack_of(layout, 2).steps(Extent.LISTENING)]
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


def test_a_real_twitch_is_not_waited_for(layout: Layout) -> None:
    real = Layout(layout.root, layout.var, layout.ports, REAL)
    assert "First joins" not in [step.name for step in stack_of(real).steps(Extent.LISTENING)]
