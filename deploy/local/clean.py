"""`make clean-data`: stop an instance and delete its folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from deploy.local.layout import Layout
from deploy.local.prerequisites import PrerequisiteError
from deploy.local.stop import stop_instance


def clean_data(layout: Layout, echo: Callable[[str], None]) -> int:
    """Stop the instance, delete its folder and return the exit code.

    Raises: PrerequisiteError if the folder contains the project itself.
    """
    folder = layout.var.resolve()
    if layout.root.resolve().is_relative_to(folder):
        raise PrerequisiteError(
            [f"TWITCHLY_VAR is {layout.var}, which contains the project itself: delete the data manually"]
        )
    if stop_instance(layout, echo):
        echo("Stopped.")
    if not (folder / "run.env").is_file():
        echo(f"{layout.var} contains no Twitchly instance: nothing was deleted")
        return 0
    shutil.rmtree(folder)
    if layout.var.is_symlink():
        layout.var.unlink()
    echo(f"Deleted {layout.var}")
    return 0
