"""Typed environment variables. Precedence: the environment, the run.env of `make run`, `.env`, defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from environs import FileAwareEnv
from environs.exceptions import EnvError

ROOT = Path(__file__).resolve().parent.parent
FILE_SUFFIX = "_FILE"


class Environment(FileAwareEnv):
    """Environment variables; each may also be read from a file, such as SECRET_KEY from SECRET_KEY_FILE."""

    def __init__(self) -> None:
        super().__init__(file_suffix=FILE_SUFFIX, strip_whitespace=True)

    def _get_value(self, env_key: str, default: Any) -> Any:
        environ, file_key = {**self._environ, **os.environ}, f"{env_key}{FILE_SUFFIX}"
        if environ.get(env_key) and environ.get(file_key):
            raise EnvError(f"{env_key} and {file_key} are both set: set only one of them")
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            raise EnvError(f"{file_key} is {environ.get(file_key)!r}: expected a readable text file") from error


def load() -> Environment:
    """Return the environment, completed from `$TWITCHLY_VAR/run.env` and `.env`; variables that are set win.

    `make run` does not pass settings in the environment of its processes: run.env has those it was started with.
    """
    env = Environment()
    env.read_env(str(ROOT / ".env"), recurse=False)
    var = Path(env.str("TWITCHLY_VAR", "") or ROOT / "var")
    env.read_env(str(var / "run.env"), recurse=False, override=True)
    return env


def refuse(is_invalid: bool, message: str) -> None:
    """Stop the start if settings are invalid. Raises: EnvError."""
    if is_invalid:
        raise EnvError(message)
