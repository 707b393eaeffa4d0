"""Where this copy of Twitchly keeps what, and what its processes are told by the environment."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.ports import DEFAULT_WEB_PORT, Ports

ROOT = Path(__file__).resolve().parent.parent.parent
# Every process started by us carries this, so that what is left of a copy can be told from everything else.
MARK = "TWITCHLY_COPY"


# As twitchly/security_settings.py expects it.
SECRET_KEY_MIN_CHARS = 50


class BadSetting(Exception):
    """A variable of the environment or of .env cannot be used; the message names it."""


@dataclass(frozen=True)
class Layout:
    """The folders and ports of one copy. `settings` is the environment, completed from .env."""

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
        """Whether Twitch is the simulated one, as twitchly/settings.py decides it."""
        return not all(
            self.settings.get(name) or self.settings.get(f"{name}_FILE")
            for name in ("TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET")
        )

    @property
    def clock_offset_ms(self) -> int:
        """By how much the clocks of our processes are ahead, as twitchly/settings.py reads it."""
        return int(self.settings.get("CLOCK_OFFSET_MS") or 0)

    def make_folders(self) -> None:
        for folder in (self.var, self.conf, self.log):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)

    def running_address(self) -> str:
        """Return where the copy that runs, or ran last, is to be found."""
        port = read_variables(self.var / "run.env").get("TWITCHLY_PORT", str(self.ports.web))
        return f"http://127.0.0.1:{port}"

    def log_file(self, name: str) -> Path:
        return self.log / f"{name}.log"


def read_layout(environ: Mapping[str, str] = os.environ, root: Path = ROOT) -> Layout:
    """Return the layout that `environ` and the project's .env describe. Raises: BadSetting."""
    settings = {**read_variables(root / ".env"), **environ}
    var = Path(settings.get("TWITCHLY_VAR") or root / "var").absolute()
    port = settings.get("TWITCHLY_PORT") or str(DEFAULT_WEB_PORT)
    if not (port.isascii() and port.isdigit() and 1024 <= int(port) <= 65_000):
        raise BadSetting(f"TWITCHLY_PORT is {port!r}: expected a number from 1024 to 65000")
    return Layout(root, var, Ports(int(port)), settings)


def read_variables(path: Path) -> dict[str, str]:
    """Return the `KEY=value` lines of a file, {} when it is not there."""
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {name.strip(): _unquoted(value.strip()) for name, equals, value in pairs if equals}


def _unquoted(value: str) -> str:
    quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1].replace("\\'", "'").replace("\\\\", "\\") if quoted else value.partition(" #")[0].rstrip()


def write_run_env(layout: Layout, extra: Mapping[str, str]) -> dict[str, str]:
    """Write what the processes are started with to run.env and return it; secrets made earlier are kept."""
    path = layout.var / "run.env"
    is_given = any(layout.settings.get(name) for name in ("SECRET_KEY", "SECRET_KEY_FILE"))
    own = {} if is_given else {"SECRET_KEY": _secret_key(path)}
    variables = {
        **own,
        **_given(layout),
        "TWITCHLY_VAR": str(layout.var),
        "TWITCHLY_PORT": str(layout.ports.web),
        **extra,
    }
    escaped = {name: value.replace("\\", "\\\\").replace("'", "\\'") for name, value in variables.items()}
    write_private(path, "".join(f"{name}='{value}'\n" for name, value in escaped.items()))
    return variables


def _secret_key(path: Path) -> str:
    """Return the key that was made at the first start. Raises: BadSetting where the file that had it is damaged.

    Another key, or half of it, would sign everybody out and make second factors unreadable.
    """
    if not path.exists():
        return secrets.token_urlsafe(50)
    text = path.read_text(errors="replace")
    key = read_variables(path).get("SECRET_KEY", "") if _is_whole(text) else ""
    if len(key) < SECRET_KEY_MIN_CHARS:
        raise BadSetting(
            f"{path} is damaged: it has no whole SECRET_KEY. Put the file back from a backup, or set the key that it "
            "had as SECRET_KEY. If both are lost, delete the file: a new key is made, everybody has to sign in again, "
            "and second factors have to be set up again"
        )
    return key


def _is_whole(text: str) -> bool:
    """Say whether a file of variables ends where it was meant to end, as far as it shows."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return text.endswith("\n") and all("=" in line and line.count("'") != 1 for line in lines)


def _given(layout: Layout) -> dict[str, str]:
    """Return the known settings that were given."""
    return {name: layout.settings[name] for name in known_settings(layout) if layout.settings.get(name)}


def known_settings(layout: Layout) -> list[str]:
    """Return the settings that .env.example lists, and their names with _FILE."""
    example = layout.root / ".env.example"
    names = re.findall(r"^#? ?([A-Z][A-Z0-9_]*)=", example.read_text(), re.MULTILINE) if example.exists() else []
    return [*names, *(f"{name}_FILE" for name in names)]


def demo_password(layout: Layout) -> str:
    """Return the password of the demo advertiser, made at the first run."""
    if not layout.password_file.exists() or not layout.password_file.read_text().strip():
        write_private(layout.password_file, f"{secrets.token_urlsafe(12)}\n")
    return layout.password_file.read_text().strip()


def write_private(path: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner alone."""
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    part.replace(path)
