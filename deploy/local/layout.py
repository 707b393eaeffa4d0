"""Folders, ports, settings and secrets of an instance."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import DEFAULT_WEB_PORT, Ports

ROOT = Path(__file__).resolve().parent.parent.parent
# Set in the environment of every process of an instance, so that its orphaned processes can be recognized.
INSTANCE_VARIABLE = "TWITCHLY_INSTANCE"


# The same limit as in twitchly/settings/checks.py.
SECRET_KEY_MIN_CHARS = 50


class InvalidSetting(Exception):
    """A variable in the environment or in .env has an invalid value; the message names the variable."""


@dataclass(frozen=True)
class Layout:
    """The folders and ports of one instance. `settings` are the values in .env, overridden by the environment."""

    root: Path
    var: Path
    ports: Ports
    settings: Mapping[str, str]

    @property
    def conf(self) -> Path:
        return self.var / "conf"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def jars(self) -> Path:
        return self.root / ".jars"

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def flink_venv(self) -> Path:
        return self.root / ".venv-flink"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def password_file(self) -> Path:
        return self.var / "demo-password"

    @property
    def simulated(self) -> bool:
        """True if Twitch credentials are not set; the same rule as in twitchly/settings/twitch.py."""
        return not all(
            self.settings.get(name) or self.settings.get(f"{name}_FILE")
            for name in ("TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET")
        )

    @property
    def clock_offset_ms(self) -> int:
        """Clock offset of all processes; twitchly/settings/environment.py reads the same variable."""
        return int(self.settings.get("CLOCK_OFFSET_MS") or 0)

    @property
    def simulated_marker(self) -> Path:
        """A file that marks an instance as containing data from the simulated Twitch."""
        return self.var / "simulated"

    def create_folders(self) -> None:
        for folder in (self.var, self.conf, self.log):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def running_url(self) -> str:
        """Return the URL of the running instance, or of the last run."""
        port = read_variables(self.var / "run.env").get("TWITCHLY_PORT", str(self.ports.web))
        return f"http://127.0.0.1:{port}"

    def log_file(self, name: str) -> Path:
        return self.log / f"{name}.log"


def read_layout(environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Layout:
    """Read the layout from `environ` and the project's .env. Raises: InvalidSetting."""
    settings = {**read_variables(root / ".env"), **environ}
    var = Path(settings.get("TWITCHLY_VAR") or root / "var").absolute()
    port = settings.get("TWITCHLY_PORT") or str(DEFAULT_WEB_PORT)
    if not (port.isascii() and port.isdigit() and 1024 <= int(port) <= 65_000):
        raise InvalidSetting(f"TWITCHLY_PORT is {port!r}: expected a number from 1024 to 65000")
    return Layout(root, var, Ports(int(port)), settings)


def read_variables(path: Path) -> dict[str, str]:
    """Parse the `KEY=value` lines of a file; return {} if it does not exist."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): _unquoted(value.strip()) for name, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    is_quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1].replace("\\'", "'").replace("\\\\", "\\") if is_quoted else value.partition(" #")[0].rstrip()


def write_run_env(layout: Layout, extra: Mapping[str, str]) -> dict[str, str]:
    """Write the settings of the processes to run.env and return them; existing secrets are kept."""
    path = layout.var / "run.env"
    has_key = any(layout.settings.get(name) for name in ("SECRET_KEY", "SECRET_KEY_FILE"))
    generated = {} if has_key else {"SECRET_KEY": _secret_key(path)}
    variables = {
        **generated,
        **_configured(layout),
        "TWITCHLY_VAR": str(layout.var),
        "TWITCHLY_PORT": str(layout.ports.web),
        **extra,
    }
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in variables.items()}
    write_private(path, "".join(f"{name}='{value}'\n" for name, value in escaped.items()))
    return variables


def _secret_key(path: Path) -> str:
    """Return the key generated on the first start. Raises: InvalidSetting if the file that contains it is damaged.

    A different or truncated key would sign out all users and make second factors unreadable.
    """
    if not path.exists():
        return secrets.token_urlsafe(50)
    text = path.read_text(errors="replace")
    key = read_variables(path).get("SECRET_KEY", "") if _is_complete(text) else ""
    if len(key) < SECRET_KEY_MIN_CHARS:  # defense: run-env
        raise InvalidSetting(
            f"{path} is damaged: it contains no complete SECRET_KEY. Restore the file from a backup, or set SECRET_KEY "
            "to the key that it contained. If you have neither, delete the file: a new key is generated, and all users "
            "must sign in and set up their second factors again"
        )
    return key


def _is_complete(text: str) -> bool:
    """Return whether the text of an env file shows no sign of truncation or corruption."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return text.endswith("\n") and all("=" in line and line.count("'") != 1 for line in lines)


def _configured(layout: Layout) -> dict[str, str]:
    """Return the known settings that have a value."""
    return {name: layout.settings[name] for name in known_settings(layout) if layout.settings.get(name)}


def known_settings(layout: Layout) -> list[str]:
    """Return the names of all settings in .env.example, each also with the suffix _FILE."""
    example = layout.root / ".env.example"
    names = re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example.read_text(), re.MULTILINE) if example.exists() else []
    return [*names, *(f"{name}_FILE" for name in names)]


def demo_password(layout: Layout) -> str:
    """Return the password of the demo account, which is generated on the first run."""
    if not layout.password_file.exists() or not layout.password_file.read_text().strip():
        write_private(layout.password_file, f"{secrets.token_urlsafe(12)}\n")
    return layout.password_file.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace a file atomically, readable by its owner only."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
