"""Install Debian packages that the tests require."""

from __future__ import annotations

import os
import shutil

from deploy.local.children import run_command
from deploy.local.layout import Layout
from deploy.local.steps import StepFailed


def install(layout: Layout, package: str, reason: str) -> None:
    """Install a package and its dependencies.

    Raises: StepFailed, with the command to run, if this user cannot install packages.
    """
    if os.getuid() != 0 or shutil.which("apt-get") is None:
        raise StepFailed(f"{reason}: install it (Debian: apt-get install {package})")
    log = layout.log_file("apt")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_command(["apt-get", "update"], log, layout.root, environment)
    run_command(["apt-get", "install", "-y", "--no-install-recommends", package], log, layout.root, environment)
