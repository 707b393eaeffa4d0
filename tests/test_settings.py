"""Settings: every variable is listed and read once, and errors name the variable that has an invalid value."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import certifi
import pytest

ROOT = Path(__file__).resolve().parent.parent
KEY = "fifty or more characters that would be random in production"


def test_env_example_lists_every_variable_of_the_settings() -> None:
    listed = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(variables_read()) == set(listed)


def test_every_variable_is_read_once() -> None:
    assert [name for name, count in Counter(variables_read()).items() if count > 1] == []


def variables_read() -> list[str]:
    modules = sorted((ROOT / "twitchly" / "settings").glob("*.py"))
    return [name for path in modules for name in re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', path.read_text())]


def start(code: str = "", **env: str) -> str:
    """Return the error that stopped startup, or the output of `code` on stderr."""
    done = subprocess.run(
        [sys.executable, "-c", f"import django, sys; django.setup(); from django.conf import settings; {code}"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "twitchly.settings",
            "TWITCHLY_VAR": "/nonexistent",
            "CASSANDRA_HOSTS": "",
            **env,
        },
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.stderr if done.returncode or code else ""


def test_an_invalid_value_stops_startup_with_an_error_that_names_the_variable() -> None:
    assert "CHANNELS_WANTED" in start(SECRET_KEY=KEY, CHANNELS_WANTED="many")
    assert "TWITCHLY_PORT" in start(SECRET_KEY=KEY, TWITCHLY_PORT="80")
    assert "EMAIL_URL" in start(SECRET_KEY=KEY, EMAIL_URL="gopher://host")
    assert "KAFKA_SECURITY" in start(SECRET_KEY=KEY, KAFKA_SECURITY="TLS")


@pytest.mark.parametrize("secret", ["", "k", "k" * 60, f"django-insecure-{KEY}"])
def test_a_weak_secret_is_rejected_without_debug(secret: str) -> None:
    assert "SECRET_KEY " in start(SECRET_KEY=secret)
    assert start(DEBUG="1", SECRET_KEY=secret or KEY) == ""


def test_secrets_have_no_default_without_debug() -> None:
    assert "SECRET_KEY is not set" in start()
    assert "SECRET_KEY_FALLBACKS is too weak" in start(SECRET_KEY=KEY, SECRET_KEY_FALLBACKS="old")
    assert start(DEBUG="1") == ""


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"KAFKA_SECURITY": "SASL_SSL", "KAFKA_USERNAME": "u"}, "KAFKA_PASSWORD is not set"),
        ({"KAFKA_SECURITY": "SASL_SSL", "KAFKA_PASSWORD": "p"}, "KAFKA_USERNAME is not set"),
        ({"KAFKA_SECURITY": "SSL", "KAFKA_USERNAME": "u"}, "KAFKA_USERNAME is set"),
        ({"KAFKA_CA_FILE": __file__}, "KAFKA_CA_FILE is set"),
        ({"KAFKA_SECURITY": "SSL", "KAFKA_CA_FILE": "/nonexistent/ca.pem"}, "KAFKA_CA_FILE is '/nonexistent/ca.pem'"),
        ({"CASSANDRA_USERNAME": "u"}, "CASSANDRA_PASSWORD is not set"),
        ({"CASSANDRA_PASSWORD": "p"}, "CASSANDRA_USERNAME is not set"),
        ({"CASSANDRA_CA_FILE": __file__}, "CASSANDRA_CA_FILE is set"),
        ({"REDIS_CA_FILE": __file__}, "REDIS_CA_FILE is set"),
        ({"REDIS_URL": "redis://127.0.0.1:6379/5"}, "REDIS_URL is not the URL of a server"),
        ({"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL is not the URL of a server"),
        ({"TWITCH_CLIENT_ID": "id"}, "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"),
        ({"HSTS_SUBDOMAINS": "1"}, "HSTS_SUBDOMAINS is set without HTTPS_ONLY"),
        ({"ADMIN_HOST": "localhost:8000"}, "ADMIN_HOST is 'localhost:8000'"),
        ({"ADMIN_HOST": "admin.example"}, "ADMIN_HOST is not in ALLOWED_HOSTS"),
    ],
)
def test_conflicting_settings_stop_startup(env: dict[str, str], message: str) -> None:
    assert message in start(SECRET_KEY=KEY, **env)


def test_error_messages_contain_no_password() -> None:
    assert "hidden" not in start(SECRET_KEY=KEY, REDIS_URL="redis://:hidden@host:6379/5")
    assert "hidden" not in start(SECRET_KEY=KEY, KAFKA_USERNAME="u", KAFKA_PASSWORD="hidden")


def test_any_variable_can_be_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "wanted").write_text("7\n")
    env = {"SECRET_KEY_FILE": str(tmp_path / "key"), "CHANNELS_WANTED_FILE": str(tmp_path / "wanted")}
    assert start("sys.stderr.write(f'{settings.SECRET_KEY} {settings.CHANNELS_WANTED}')", **env) == f"{KEY} 7"


def test_a_variable_set_twice_or_with_an_unreadable_file_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    assert "SECRET_KEY and SECRET_KEY_FILE" in start(SECRET_KEY=KEY, SECRET_KEY_FILE=str(tmp_path / "key"))
    assert "SECRET_KEY_FILE is '/nonexistent/key'" in start(SECRET_KEY_FILE="/nonexistent/key")


def test_the_documented_production_settings_pass_every_check(tmp_path: Path) -> None:
    """The settings in deploy/production.env, to which docs/operation.md refers."""
    env = dict(re.findall(r"^([A-Z_]+)=(.+)$", (ROOT / "deploy" / "production.env").read_text(), re.MULTILINE))
    certificates = {name: certifi.where() for name in env if name.endswith("_CA_FILE")}
    values = {
        "EMAIL_URL_FILE": "submission://user:hidden@mail.internal:587",
        "SECRET_KEY_FILE": KEY,
        "DATABASE_URL_FILE": "postgres://twitchly:hidden@db.internal/twitchly",
        "REDIS_URL_FILE": "rediss://:hidden@redis.internal:6380",
    }
    secrets = {name: str(tmp_path / name) for name in env.keys() - certificates.keys() if name.endswith("_FILE")}
    for name, path in secrets.items():
        Path(path).write_text(values.get(name, "hidden"))
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **env, **secrets, **certificates},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout
