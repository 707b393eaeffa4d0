"""Coverage-guided fuzzing of the IRC parser and session: `python -m tests.core.irc.fuzz -runs=100000`.

Source: github.com/google/atheris.
"""

from __future__ import annotations

import sys

import atheris  # type: ignore[import-untyped]  # it has no types

with atheris.instrument_imports(include=["core.irc.lines", "core.irc.session", "core.irc.channel_events"]):
    from core.irc.channel_events import ChatModes, event_of
    from core.irc.lines import chat_message, parse
    from core.irc.session import Event, Session

MAX_LINE = 2_000


def one_input(data: bytes) -> None:
    """Check the invariants for arbitrary bytes."""
    for raw in data.split(b"\n"):
        line = parse(raw)
        assert {key: line.tag(key) for key in line.tags} == dict(line.tags), raw
        message = chat_message(line)
        assert message is None or message.words >= 0
        event_of(line)
        ChatModes().change("7", line)
    cut = len(data) // 3
    assert events(data) == events(data[:cut], data[cut:]), data


def events(*pieces: bytes) -> list[Event]:
    """Return a session's events for these pieces of input."""
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
