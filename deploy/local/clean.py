"""`make clean-data`: a copy is stopped, and its folder removed."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from deploy.local.layout import Layout
from deploy.local.prerequisites import Unmet
from deploy.local.stop import stop_copy


def clean_data(layout: Layout, say: Callable[[str], None]) -> int:
    """Stop the copy and remove its folder; return the exit code. Raises: Unmet when more than a copy lies in there."""
    folder = layout.var.resolve()
    if layout.root.resolve().is_relative_to(folder):
        raise Unmet([f"TWITCHLY_VAR is {layout.var}, which holds the project itself: remove the data by hand"])
    if stop_copy(layout, say):
        say("Stopped.")
    if not (folder / "run.env").is_file():
        say(f"{layout.var} holds no copy of Twitchly")
        return 0
    shutil.rmtree(folder)
    if layout.var.is_symlink():
        layout.var.unlink()
    say(f"Removed {layout.var}")
    return 0
