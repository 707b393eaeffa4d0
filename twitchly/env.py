"""Typed reading of the environment: `.env` in the project, then what `make run` wrote, then the defaults."""

from __future__ import annotations

import os
from pathlib import Path

from environs import Env

ROOT = Path(__file__).resolve().parent.parent


def load() -> Env:
    """Return the environment, completed from `.env` and `$TWITCHLY_VAR/run.env`; what is set already wins."""
    env = Env(eager=True)
    env.read_env(str(ROOT / ".env"), recurse=False)
    env.read_env(str(Path(os.environ.get("TWITCHLY_VAR", ROOT / "var")) / "run.env"), recurse=False)
    return env
