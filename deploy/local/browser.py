"""The browser of the browser tests: one that is there, else Debian's."""

from __future__ import annotations

import shutil

from deploy.local.debian import install
from deploy.local.layout import Layout

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the Chromium on PATH."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def provide_browser(layout: Layout) -> str:
    """Install Debian's Chromium where there is none and we may. Raises: StepFailed."""
    if path := find_browser():
        return f"{path} is there"
    install(layout, "chromium", "the browser tests need Chromium")
    return "installed"
