"""Plugin selection and the summary of the test run: tests/core needs neither Django nor a database.

Tests that need servers start their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import hypothesis
import pytest
from pytest import TerminalReporter

NO_DATA = "recorded data is absent"
WITHOUT_DJANGO = Path(__file__).parent / "core"

# With a deadline per example, results would depend on the speed of the machine.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Set up Django unless only tests of core are selected.

    pytest calls this hook right after importing this file, before any conftest.py in subfolders, which import models.
    """
    config = pluginmanager.get_plugin("pytestconfig")
    assert isinstance(config, pytest.Config)
    if needs_django(config.known_args_namespace.file_or_dir, config.invocation_params.dir):
        pluginmanager.import_plugin("tests.django_plugin")


def needs_django(selection: Sequence[str], folder: Path) -> bool:
    """Return whether any selected test is outside tests/core; an empty selection means all tests."""
    paths = [(folder / argument.partition("::")[0]).resolve() for argument in selection]
    return not paths or not all(path.is_relative_to(WITHOUT_DJANGO) for path in paths)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Print the number of tests run per set, and of tests skipped for lack of recorded data."""
    sets: Counter[str] = Counter()
    for report in (*terminalreporter.stats.get("passed", []), *terminalreporter.stats.get("failed", [])):
        if report.when == "call":
            sets[set_of(report.nodeid)] += 1
    without_data = [report for report in terminalreporter.stats.get("skipped", []) if NO_DATA in str(report.longrepr)]
    counts = ", ".join(f"{name} {count}" for name, count in sorted(sets.items()))
    terminalreporter.write_line(
        f"tests run: {counts or 'none'}; skipped for lack of recorded data: {len(without_data)}"
    )


def set_of(nodeid: str) -> str:
    """Return the set that a test belongs to: its folder or file under tests/."""
    parts = nodeid.split("::")[0].split("/")
    return "browser" if parts[-1] == "test_browser.py" else parts[1].removesuffix(".py")
