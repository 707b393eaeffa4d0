"""The instance of these tests was started in an odd folder, under LC_ALL=C, with a proxy that nobody serves."""

from __future__ import annotations

import httpx
import pytest

from drills.instance import DEAD_PROXY, ODD_NAME, leaks
from drills.stack import Stack

pytestmark = pytest.mark.server


def test_it_is_live_under_odd_conditions(stack: Stack) -> None:
    assert stack.var.name == ODD_NAME
    assert (stack.env["LC_ALL"], stack.env["http_proxy"]) == ("C", DEAD_PROXY)
    assert httpx.get(f"{stack.url}/readyz", timeout=10).json() == {"ready": True, "missing": []}
    assert stack.newest_end_ms() > 0


def test_its_secret_key_is_in_no_environment_and_no_log(stack: Stack) -> None:
    assert leaks(stack) == []
