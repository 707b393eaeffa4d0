"""Makes what the product runs in: two Python environments, the jars and the browser's library."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.local.browser import provide_browser
from deploy.local.children import run_command
from deploy.local.jars import provide_jars
from deploy.local.layout import Layout
from deploy.local.postgres import provide_postgres
from deploy.local.stamps import Stamp, digest
from deploy.local.steps import Step

PYTHON_PACKAGES = "Python packages"
VENDOR_FILES = ("uPlot.esm.js", "uPlot.min.css")


def test_steps(layout: Layout) -> list[Step]:
    """Return what the style, type and unit tests need."""
    return [
        _step(layout, PYTHON_PACKAGES, lambda: provide_venv(layout, tests=True), "pip-web"),
        *page_steps(layout, tests=True),
    ]


def machine_steps(layout: Layout) -> list[Step]:
    """Return what the tests need of the machine, one after the other: apt-get waits for nobody."""
    chromium = _step(layout, "Chromium", lambda: provide_browser(layout), "apt")
    postgres = _step(layout, "PostgreSQL", lambda: provide_postgres(layout), "apt")
    return [chromium, replace(postgres, after=(chromium.name,))]


def environment_steps(layout: Layout, java_home: str, *, tests: bool = False) -> list[Step]:
    """Return the steps that servers and our processes need, all independent of each other."""
    return [
        _step(layout, PYTHON_PACKAGES, lambda: provide_venv(layout, tests=tests), "pip-web"),
        _step(layout, "Flink", lambda: provide_flink(layout), "pip-flink"),
        _step(layout, "Kafka, Cassandra jars", lambda: provide_jars(layout, java_home), "maven"),
    ]


def page_steps(layout: Layout, *, tests: bool = False) -> list[Step]:
    return [_step(layout, "npm packages", lambda: provide_vendor(layout, tests=tests), "npm")]


def _step(layout: Layout, name: str, work: Callable[[], str], log: str) -> Step:
    return Step(name, work, "downloading and installing, only the first time", log=layout.log_file(log))


def provide_venv(layout: Layout, *, tests: bool) -> str:
    """Make .venv; requirements/test.txt holds all of web.txt and more."""
    lists = ["web.txt", "test.txt"] if tests else ["web.txt"]
    return _provide(layout, layout.venv, lists, layout.log_file("pip-web"))


def provide_flink(layout: Layout) -> str:
    """Make .venv-flink, which holds the whole of Flink."""
    return _provide(layout, layout.flink_venv, ["flink.txt"], layout.log_file("pip-flink"))


def _provide(layout: Layout, venv: Path, lists: list[str], log: Path) -> str:
    """Install the last of `lists`, which satisfies the others too, unless that was done before."""
    digests = [digest([layout.root / "requirements" / name], venv) for name in lists]
    stamp = Stamp(venv / ".twitchly-stamp")
    python = venv / "bin" / "python"
    if stamp.matches(digests[-1]) and python.exists():
        return "up to date"
    stamp.remove()
    if not python.exists() or not _belongs(venv):
        run_command([sys.executable, "-m", "venv", "--clear", str(venv)], log, layout.root)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    exact = ["--require-hashes", "--no-deps", "-r", f"requirements/{lists[-1]}"]
    run_command([*pip, *exact], log, layout.root)
    stamp.write(digests)
    return "installed"


def _belongs(venv: Path) -> bool:
    """Tell whether the environment was made where it lies: its scripts name their Python by full path."""
    pip = venv / "bin" / "pip"
    # Where the path has a space, pip writes a shell script that names it in its second line.
    return pip.exists() and any(f"{venv}/bin/python" in line for line in pip.read_text().splitlines()[:2])


def provide_vendor(layout: Layout, *, tests: bool) -> str:
    """Fetch npm's packages and copy what pages load to static/vendor; `tests` adds the Twitch clients and linters."""
    inputs = [layout.root / "package.json", layout.root / "package-lock.json"]
    modules, vendor = layout.root / "node_modules", layout.root / "static" / "vendor" / "uplot"
    # What tests have holds all that pages need.
    digests = [digest(inputs, modules), *([digest(inputs, modules / "dev")] if tests else [])]
    stamp = Stamp(modules / ".twitchly-stamp")
    if stamp.matches(digests[-1]) and all((vendor / name).exists() for name in VENDOR_FILES):
        return "up to date"
    stamp.remove()
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    run_command([*command, *([] if tests else ["--omit=dev"])], layout.log_file("npm"), layout.root)
    vendor.mkdir(parents=True, exist_ok=True)
    for name in VENDOR_FILES:
        shutil.copyfile(modules / "uplot" / "dist" / name, vendor / name)
    stamp.write(digests)
    return "installed"
