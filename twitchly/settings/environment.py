"""The instance: its folders, its web port and its mode."""

from __future__ import annotations

from pathlib import Path

from marshmallow.validate import Range

from twitchly.env import DEFAULT_DATA_DIR, load
from twitchly.env import ROOT as ROOT

env = load()

# The servers' ports are numbered from the web port: see deploy/local/ports.py.
VAR_DIR = Path(env.str("TWITCHLY_VAR", str(ROOT / "var"))).resolve()
WEB_PORT = env.int("TWITCHLY_PORT", 8000, validate=Range(min=1024, max=65000))
DATA_DIR = Path(env.str("TWITCHLY_DATA", str(DEFAULT_DATA_DIR)))
CLOCK_OFFSET_MS = env.int("CLOCK_OFFSET_MS", 0)
DEBUG = env.bool("DEBUG", False)
