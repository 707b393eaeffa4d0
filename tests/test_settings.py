"""The environment: all variables are listed, wrong values are named."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_env_example_lists_every_variable_of_the_settings() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "twitchly" / "settings.py").read_text()))
    listed = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == listed


def start(**env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "twitchly.settings",
            "TWITCHLY_VAR": "/nowhere",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr if done.returncode else ""


def test_a_wrong_value_stops_the_start_and_names_the_variable() -> None:
    assert "CHANNELS_WANTED" in start(SECRET_KEY="k", CHANNELS_WANTED="many")
    assert "TWITCHLY_PORT" in start(SECRET_KEY="k", TWITCHLY_PORT="80")
    assert "EMAIL_URL" in start(SECRET_KEY="k", EMAIL_URL="pigeon://loft")


def test_no_secret_works_by_default_unless_debugging() -> None:
    assert "SECRET_KEY" in start()
    assert start(DEBUG="1", CASSANDRA_HOSTS="") == ""
