"""An instance works in a folder with an unusual name, under LC_ALL=C, with an unreachable proxy."""

from __future__ import annotations

import httpx
import pytest

from drills.instance import DEAD_PROXY, ODD_NAME, leaks
from drills.stack import Stack

pytestmark = pytest.mark.server


def test_an_instance_becomes_live_under_unusual_conditions(stack: Stack) -> None:
    assert stack.var.name == ODD_NAME
    assert (stack.env["LC_ALL"], stack.env["http_proxy"]) == ("C", DEAD_PROXY)
    assert httpx.get(f"{stack.url}/readyz", timeout=10).json() == {"ready": True, "missing": []}
    assert stack.newest_end_ms() > 0


def test_the_secret_key_is_in_neither_an_environment_nor_a_log(stack: Stack) -> None:
    assert leaks(stack) == []
