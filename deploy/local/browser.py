"""Chromium for the browser tests: an installed one, or Debian's package."""

from __future__ import annotations

import shutil

from deploy.local.debian import install
from deploy.local.layout import Layout

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of Chromium if it is on PATH, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def install_browser(layout: Layout) -> str:
    """Install Debian's Chromium if none is on PATH, and return the step's status text. Raises: StepFailed."""
    if path := find_browser():
        return f"{path} found"
    install(layout, "chromium", "The browser tests require Chromium")
    return "installed"
