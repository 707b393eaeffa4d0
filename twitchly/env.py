"""Typed environment variables. Precedence: the environment, then `run.env`, then `.env`, then the defaults."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from environs import FileAwareEnv
from environs.exceptions import EnvError

ROOT = Path(__file__).resolve().parent.parent
FILE_SUFFIX = "_FILE"
# Recorded chat for tests, next to the repository unless TWITCHLY_DATA names another folder.
DEFAULT_DATA_DIR = ROOT.parent / "shared" / "data"


class Environment(FileAwareEnv):
    """Environment in which a file may contain a variable's value: SECRET_KEY_FILE can name a file for SECRET_KEY."""

    def __init__(self) -> None:
        super().__init__(file_suffix=FILE_SUFFIX, strip_whitespace=True)

    def _get_value(self, env_key: str, default: Any) -> Any:
        variables, file_key = {**self._environ, **os.environ}, f"{env_key}{FILE_SUFFIX}"
        if variables.get(env_key) and variables.get(file_key):
            raise EnvError(f"{env_key} and {file_key} are both set: expected one of them")
        try:
            return super()._get_value(env_key, default)
        except ValueError as error:
            raise EnvError(f"{file_key} is {variables.get(file_key)!r}: expected a readable text file") from error


def load() -> Environment:
    """Return the environment, supplemented from `$TWITCHLY_VAR/run.env` and then `.env`; variables already set win.

    `make run` does not pass settings to its processes in the environment. Instead, run.env contains the settings that
    `make run` was started with.
    """
    env = Environment()
    env.read_env(str(ROOT / ".env"), recurse=False)
    var = Path(env.str("TWITCHLY_VAR", "") or ROOT / "var")
    env.read_env(str(var / "run.env"), recurse=False, override=True)
    return env


def refuse_if(invalid: bool, message: str) -> None:
    """Reject an invalid combination of settings. Raises: EnvError, which stops startup."""
    if invalid:
        raise EnvError(message)
