"""Coverage-guided fuzzing of what reads Twitch's bytes: `python -m tests.core.irc.fuzz -runs=100000`.

Source: github.com/google/atheris.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["core.irc.lines", "core.irc.session", "core.irc.channel_events"]):
    from core.irc.channel_events import ChatModes, happening
    from core.irc.lines import chat_message, parse
    from core.irc.session import Event, Session

MAX_LINE = 2_000


def one_input(data: bytes) -> None:
    """Check all that must hold for any bytes."""
    for raw in data.split(b"\n"):
        line = parse(raw)
        assert {key: line.tag(key) for key in line.tags} == dict(line.tags), raw
        message = chat_message(line)
        assert message is None or message.words >= 0
        happening(line)
        ChatModes().change("7", line)
    cut = len(data) // 3
    assert events(data) == events(data[:cut], data[cut:]), data


def events(*pieces: bytes) -> list[Event]:
    """Return what a session makes of the pieces."""
    session = Session("justinfan12345", 0)
    session.join(["a", "b"])
    session.receive_data(b":t CAP * ACK :x\r\n:t 001 justinfan12345 :hi\r\n", 0)
    session.tick(0)
    found = [event for piece in pieces for event in session.receive_data(piece, 1)]
    session.tick(2)
    session.data_to_send()
    return found


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
