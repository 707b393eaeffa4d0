"""Logs as JSON and as text lines, without personal data."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import httpx
import pytest
from asgiref.sync import async_to_sync
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from pytest_django import Settings

from apps.accounts.services import ensure_user
from apps.api.authentication import new_secret
from tests.console_log import console_handler, console_line
from tests.web import web
from twitchly.entry.urls import urlpatterns as pages
from twitchly.logs import process_name, redact

EMAIL, PASSWORD, ADDRESS = "reader@example.com", "a long password for tests", "203.0.113.77"
LINK = "12.q3Zb0vXzT9yH2mJcK5sLwQ8rN1uEoPa7dFgIxYtVbMk"
CHAT = "a chat message"


def failing_view(request: HttpRequest, token: str) -> HttpResponse:
    raise RuntimeError(f"{len(request.body)} bytes at {token} from {request.META['REMOTE_ADDR']} of {EMAIL}")


urlpatterns = [path("breaks/<str:token>", failing_view), *pages]


@pytest.fixture(autouse=True)
def quick_settings(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


@pytest.fixture(params=["json", "line"])
def log_output(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """All log output, in each format."""
    text = io.StringIO()
    handler = console_handler(request.param, text)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


def test_a_json_line_has_all_fields() -> None:
    record = logging.LogRecord("apps.x", logging.WARNING, "f", 1, "waiting for %s\nand more", ("Kafka",), None)
    line = console_line("json", record)
    result = json.loads(line)
    assert result.pop("time").endswith("+00:00")
    assert result == {
        "level": "WARNING",
        "logger": "apps.x",
        "process": "web",
        "message": "waiting for Kafka\nand more",
    }
    assert "\n" not in line


def test_the_request_id_is_in_the_log_and_in_the_response(client: Client, settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.test_logs"
    text = io.StringIO()
    handler = console_handler("json", text)
    logging.getLogger().addHandler(handler)
    client.raise_request_exception = False
    response = client.get("/breaks/1")
    logging.getLogger().removeHandler(handler)
    lines = [json.loads(line) for line in text.getvalue().splitlines()]
    (failed,) = [line for line in lines if line["level"] == "ERROR"]
    assert failed["request_id"] == response.headers["X-Request-Id"]
    assert "RuntimeError" in failed["exception"]


async def call_api(key: str) -> int:
    """Call the API from a remote address and return the status."""
    transport = httpx.ASGITransport(web, client=(ADDRESS, 1))
    headers = {"Authorization": f"Bearer {key}"}
    client = httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=headers)
    async with web.run(), client:
        return (await client.get("/api/v1/boards", params={"q": CHAT})).status_code


@pytest.mark.parametrize("style", ["line", "json"])
def test_each_part_of_a_record_is_redacted(style: str) -> None:
    try:
        raise ValueError(f"an exception of {EMAIL}")
    except ValueError:
        failure = sys.exc_info()
    record = logging.LogRecord("apps.x", logging.ERROR, "f", 1, "a message to %s", (EMAIL,), failure)
    record.stack_info = f"a stack of {EMAIL}"
    record.request = f"an extra of {EMAIL}"
    line = console_line(style, record)
    assert "a message to <e-mail>" in line
    assert "ValueError: an exception of <e-mail>" in line
    assert EMAIL not in line


@pytest.mark.parametrize("style", ["line", "json"])
def test_arguments_that_do_not_match_the_format_are_logged_and_redacted(style: str) -> None:
    line = console_line(style, logging.LogRecord("apps.x", logging.ERROR, "f", 1, "%d of %s", (EMAIL,), None))
    assert "'%d of %s' cannot be formatted" in line
    assert EMAIL not in line


@pytest.mark.django_db(transaction=True)
def test_logs_of_requests_have_no_personal_data(client: Client, settings: Settings, log_output: io.StringIO) -> None:
    ensure_user(email=EMAIL, password=PASSWORD)
    key = new_secret()
    remote = {"REMOTE_ADDR": ADDRESS}
    for password in ("their-wrong-password", PASSWORD):
        client.post("/account/login/", {"login": EMAIL, "password": password}, **remote)  # type: ignore[arg-type]
    assert async_to_sync(call_api)(key) == 401
    client.get("/nowhere?email=" + EMAIL, **remote)  # type: ignore[arg-type]
    client.get("/s/a-link-that-opens-something", **remote)  # type: ignore[arg-type]
    settings.ROOT_URLCONF = "tests.test_logs"
    client.raise_request_exception = False
    client.post("/breaks/now?token=abc", {"text": CHAT, "password": PASSWORD}, **remote)  # type: ignore[arg-type]
    result = log_output.getvalue()
    assert "RuntimeError" in result
    for secret in (EMAIL, PASSWORD, "their-wrong-password", ADDRESS, CHAT, key, "a-link-that-opens", "token=abc"):
        assert secret not in result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail to ada.b+c@mail.example.org failed", "mail to <e-mail> failed"),
        ("refused 203.0.113.9:51234", "refused <address>:51234"),
        ("refused 2001:db8::7.", "refused <address>."),
        ("waiting for Kafka at 127.0.0.1:8001", "waiting for Kafka at 127.0.0.1:8001"),
        ("at 22:24:37 and 1:02", "at 22:24:37 and 1:02"),
        ("Authorization: Bearer twitchly_abcdefghijklmnopqrstuvwxyz0123456789", "Authorization: Bearer <key>"),
        ("PASS oauth:abcdefghijkl", "PASS oauth <token>"),
        ("{'password': 'abc def', 'x': 1}", "{'password': <hidden>, 'x': 1}"),
        ("Not Found: /s/abc:def", "Not Found: /s/<link>"),
        ("Not Found: /s/ abc:def", "Not Found: /s/<link>"),
        ("Not Found: /s//abc:def", "Not Found: /s/<link>"),
        ("Not Found: /w/abc:def?theme=dark", "Not Found: /w/<link>?<query>"),
        (f"Not Found: /nowhere/ {LINK}", "Not Found: /nowhere/ <link>"),
        (f"Not Found: /opt-out/receipt/{LINK}", "Not Found: /opt-out/receipt/<link>"),
        (f"Not Found: /S/'{LINK}", "Not Found: /S/'<link>"),
        ("{'password': 'cut before its en", "{'password': <hidden>"),
        ("took 12.5 s, 3.11 of python-3.11-and-more", "took 12.5 s, 3.11 of python-3.11-and-more"),
        ("GET /find?q=ada", "GET /find?<query>"),
        ("GET http://localhost/find/a.b?q=ada and more", "GET http://localhost/find/a.b?<query> and more"),
        ("GET /of/ada@example.org?q=ada", "GET /of/<e-mail>?<query>"),
        ("no tick: 3 of 4", "no tick: 3 of 4"),
    ],
)
def test_personal_data_and_secrets_are_redacted(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_the_process_name_comes_from_the_supervisor_or_the_command() -> None:
    assert process_name(["manage.py", "run_sink", "history"], {"SUPERVISOR_PROCESS_NAME": "sink-history"}) == (
        "sink-history"
    )
    assert process_name(["/srv/manage.py", "run_sink", "history"], {}) == "run_sink history"
    assert process_name(["/venv/bin/celery", "-A", "twitchly"], {}) == "celery"
