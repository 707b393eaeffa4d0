"""The browser of the browser tests: one that is there, else Debian's."""

from __future__ import annotations

import os
import shutil

from deploy.local.children import run_command
from deploy.local.layout import Layout
from deploy.local.steps import StepFailed

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the Chromium on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def provide_browser(layout: Layout) -> str:
    """Install Debian's Chromium where there is none and we may. Raises: StepFailed."""
    if path := find_browser():
        return f"{path} is there"
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        raise StepFailed("the browser tests need Chromium: install it (Debian: apt-get install chromium)")
    log = layout.log_file("apt")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_command(["apt-get", "update"], log, layout.root, environment)
    run_command(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], log, layout.root, environment)
    return "installed"
