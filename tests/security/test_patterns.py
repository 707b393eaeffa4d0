"""Regular expressions and log formatting take linear time, even for hostile text."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import Callable

import pytest

from tests.console_log import console_line
from tests.security.patterns import FRAGMENTS, Pattern, patterns, script_patterns
from twitchly.logs import loggable, redact

# Each size is at most four times the previous one, so a quadratic pattern that is too fast to be judged at one size
# takes less than a second at the next.
SIZES = (1_024, 4_096, 16_384, 65_536, 131_072)
# Eight times the text takes a linear scan eight times as long and a quadratic one 64 times. The limit is far from
# these ratios, because cache misses and other work on the machine slow single scans down.
GROWTH = 8
RATIO_MAX = 24
TRIES = 3
# Ratios of shorter times are noise.
NOTICEABLE_S = 0.04


def assert_linear(scan: Callable[[str], object], fragment: str) -> None:
    """Check that the time of a scan grows linearly with the text."""
    for size in SIZES:
        short, long = (fragment * (count // len(fragment) + 1) for count in (size, GROWTH * size))
        for _ in range(TRIES):
            long_s = seconds(scan, long)
            if long_s < NOTICEABLE_S or long_s <= RATIO_MAX * seconds(scan, short):
                break
        else:
            pytest.fail(f"{GROWTH * size:,} characters of {fragment!r} take {long_s:.2f} s")


@pytest.mark.parametrize("pattern", [r"\s*x", r" +x", r"(?:ab)+x"])
def test_a_quadratic_pattern_is_detected(pattern: str) -> None:
    compiled = re.compile(pattern)
    with pytest.raises(pytest.fail.Exception, match="characters of"):
        for fragment in ("ab", " "):
            assert_linear(compiled.search, fragment)


def seconds(scan: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    scan(text)
    return time.process_time() - began


# Not linear, but only used on a few characters.
SHORT_SUBJECTS = {"static/js/figures.js": "the digits of one number"}


@pytest.mark.parametrize("pattern", [*patterns(), *script_patterns()], ids=lambda pattern: pattern.location)
def test_patterns_are_linear(pattern: Pattern) -> None:
    if pattern.location.partition(":")[0] in SHORT_SUBJECTS:
        return
    for fragment in FRAGMENTS:
        assert_linear(pattern.scan, fragment)


def test_the_patterns_in_the_source_are_found() -> None:
    locations = {pattern.location.partition(":")[0] for pattern in patterns()}
    assert {"twitchly/logs.py", "core/irc/lines.py", "apps/api/asgi.py", "apps/dashboard/urls.py"} <= locations
    scripts = {pattern.location.partition(":")[0] for pattern in script_patterns()}
    assert {"static/js/export.js", "static/js/figures.js", "static/js/passkeys.js"} <= scripts


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_redaction_is_linear(fragment: str) -> None:
    assert_linear(redact, fragment)


@pytest.mark.parametrize("style", ["line", "json"])
def test_a_long_message_or_exception_is_truncated_before_redaction(style: str) -> None:
    try:
        raise ValueError("x" * 2_000_000)
    except ValueError:
        failure = sys.exc_info()
    record = logging.LogRecord(
        "web", logging.ERROR, "f", 1, "Invalid HTTP_HOST header: %r", ("a" * 2_000_000,), failure
    )
    began = time.process_time()
    line = console_line(style, record)
    assert time.process_time() - began < 1
    assert len(line) < 10_000
    assert "Invalid HTTP_HOST header" in line
    assert "Traceback" in line


@pytest.mark.parametrize("style", ["line", "json"])
@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("", "ada.lovelace@mail.example.org"),
        ("twitchly_", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("password='", "swordfish swordfish swordfish'"),
        ("/s/", "12.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ"),
        ("refused ", "203.0.113.77"),
    ],
)
def test_truncation_leaves_no_part_of_a_secret(style: str, name: str, secret: str) -> None:
    parts = [secret[at : at + 8] for at in range(len(secret) - 7)]
    for before in range(1_900, 2_200):
        beginning, ending = "a " * before, "b " * before
        for text in (
            f"{beginning}{name}{secret} {'b ' * 4_000}",
            f"{'a ' * 4_000}{name}{secret} {ending[before:]}",
            f"{'a ' * 4_000}\n{name}{secret} {ending[before:]}",
        ):
            line = console_line(style, logging.LogRecord("web", logging.ERROR, "f", 1, "%s", (text,), None))
            assert not [part for part in parts if part in line]


def test_the_error_at_the_end_of_a_long_traceback_is_kept() -> None:
    text = "Traceback:\n" + "  a frame\n" * 1_000 + "ValueError: not a number"
    line = loggable(text)
    assert line.startswith("Traceback:")
    assert line.endswith("  a frame\nValueError: not a number")
    assert len(line) < 5_000
