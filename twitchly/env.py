"""Typed reading of the environment: what is set, then what `make run` wrote, then `.env`, then the defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from environs import FileAwareEnv
from environs.exceptions import EnvError

ROOT = Path(__file__).resolve().parent.parent
IN_FILE = "_FILE"


class Environment(FileAwareEnv):
    """Variables, each of which may also be given as the file that holds it: SECRET_KEY, or SECRET_KEY_FILE."""

    def __init__(self) -> None:
        super().__init__(file_suffix=IN_FILE, strip_whitespace=True)

    def _get_value(self, env_key: str, default: Any) -> Any:
        given, in_file = {**self._environ, **os.environ}, f"{env_key}{IN_FILE}"
        if given.get(env_key) and given.get(in_file):
            raise EnvError(f"{env_key} and {in_file} are both set: one of them is enough")
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            raise EnvError(f"{in_file} is {given.get(in_file)!r}: expected a text file that can be read") from error


def load() -> Environment:
    """Return the environment, completed from `$TWITCHLY_VAR/run.env` and then `.env`; what is set already wins.

    `make run` gives its processes no settings by the environment: run.env holds what it was started with.
    """
    env = Environment()
    env.read_env(str(ROOT / ".env"), recurse=False)
    var = Path(env.str("TWITCHLY_VAR", "") or ROOT / "var")
    env.read_env(str(var / "run.env"), recurse=False, override=True)
    return env


def refuse(wrong: bool, text: str) -> None:
    """Stop the start when settings do not go together. Raises: EnvError."""
    if wrong:
        raise EnvError(text)
