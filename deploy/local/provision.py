"""Steps that install Python environments, jars, npm packages and Debian packages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deploy.local.browser import install_browser
from deploy.local.children import run_command
from deploy.local.jars import install_jars
from deploy.local.layout import Layout
from deploy.local.postgres import install_postgres
from deploy.local.stamps import Stamp, digest
from deploy.local.steps import Step

PYTHON_PACKAGES = "Python packages"
# Files of npm packages by their names in static/vendor. tsc finds uPlot's types next to the module.
VENDOR_FILES = {
    "uplot/uPlot.esm.js": "uplot/dist/uPlot.iife.min.js",
    "uplot/uPlot.min.css": "uplot/dist/uPlot.min.css",
    "uplot/uPlot.esm.d.ts": "uplot/dist/uPlot.d.ts",
    "inter/inter-latin.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
}
# uPlot's package has a minified script, but no minified module.
APPENDED = {"uplot/uPlot.esm.js": b"export default uPlot;\n"}


def unit_test_steps(layout: Layout) -> list[Step]:
    """Return the steps that `make lint` and the unit tests need."""
    return [
        _step(layout, PYTHON_PACKAGES, lambda: install_venv(layout, tests=True), "pip-web"),
        *npm_steps(layout, tests=True),
    ]


def system_package_steps(layout: Layout) -> list[Step]:
    """Return the steps that install Debian packages, in sequence because apt-get cannot run concurrently."""
    chromium = _step(layout, "Chromium", lambda: install_browser(layout), "apt")
    postgres = _step(layout, "PostgreSQL", lambda: install_postgres(layout), "apt")
    return [chromium, replace(postgres, after=(chromium.name,))]


def environment_steps(layout: Layout, java_home: str, *, tests: bool = False) -> list[Step]:
    """Return the steps that servers and processes need, all independent of each other."""
    return [
        _step(layout, PYTHON_PACKAGES, lambda: install_venv(layout, tests=tests), "pip-web"),
        _step(layout, "Flink", lambda: install_flink(layout), "pip-flink"),
        _step(layout, "Kafka, Cassandra jars", lambda: install_jars(layout, java_home), "maven"),
    ]


def npm_steps(layout: Layout, *, tests: bool = False) -> list[Step]:
    return [_step(layout, "npm packages", lambda: install_npm_packages(layout, tests=tests), "npm")]


def _step(layout: Layout, name: str, work: Callable[[], str], log: str) -> Step:
    return Step(name, work, "downloading and installing (first run only)", log=layout.log_file(log))


def install_venv(layout: Layout, *, tests: bool) -> str:
    """Create .venv; requirements/test.txt is a superset of web.txt."""
    requirements = ["web.txt", "test.txt"] if tests else ["web.txt"]
    return _install(layout, layout.venv, requirements, layout.log_file("pip-web"))


def install_flink(layout: Layout) -> str:
    """Create .venv-flink, which contains the Flink distribution."""
    return _install(layout, layout.flink_venv, ["flink.txt"], layout.log_file("pip-flink"))


def _install(layout: Layout, venv: Path, requirements: list[str], log: Path) -> str:
    """Install the last of `requirements`, a superset of the others, unless it is already installed."""
    digests = [digest([layout.root / "requirements" / name], venv) for name in requirements]
    stamp = Stamp(venv / ".twitchly-stamp")
    python = venv / "bin" / "python"
    if stamp.matches(digests[-1]) and python.exists():
        return "up to date"
    stamp.remove()
    if not python.exists() or not _was_created_at(venv):
        run_command([sys.executable, "-m", "venv", "--clear", str(venv)], log, layout.root)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    packages = ["--require-hashes", "--no-deps", "-r", f"requirements/{requirements[-1]}"]
    run_command([*pip, *packages], log, layout.root)
    stamp.write(digests)
    return "installed"


def _was_created_at(venv: Path) -> bool:
    """Return whether the environment was created at this path. Its scripts contain the full path of their Python."""
    pip = venv / "bin" / "pip"
    # If the path contains a space, pip writes a shell script with the path in its second line.
    return pip.exists() and any(f"{venv}/bin/python" in line for line in pip.read_text().splitlines()[:2])


def install_npm_packages(layout: Layout, *, tests: bool) -> str:
    """Install npm packages, and copy the files that pages load to static/vendor.

    `tests` adds the Twitch clients and the linters.
    """
    # This module says which files are copied, and what is appended to them.
    inputs = [layout.root / "package.json", layout.root / "package-lock.json", Path(__file__)]
    modules, vendor = layout.root / "node_modules", layout.root / "static" / "vendor"
    # The packages for tests include those for pages.
    digests = [digest(inputs, modules), *([digest(inputs, modules / "dev")] if tests else [])]
    stamp = Stamp(modules / ".twitchly-stamp")
    if stamp.matches(digests[-1]) and all((vendor / name).exists() for name in VENDOR_FILES):
        return "up to date"
    stamp.remove()
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    run_command([*command, *([] if tests else ["--omit=dev"])], layout.log_file("npm"), layout.root)
    for name, source in VENDOR_FILES.items():
        (vendor / name).parent.mkdir(parents=True, exist_ok=True)
        (vendor / name).write_bytes((modules / source).read_bytes() + APPENDED.get(name, b""))
    stamp.write(digests)
    return "installed"
