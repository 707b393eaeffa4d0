"""The IRC lines that benchmarks read: recorded ones where they are, else invented ones of the same shape."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

WORDS = (
    "nice",
    "play",
    "hello",
    "what",
    "a",
    "good",
    "one",
    "LUL",
    "again",
    "chat",
    "is",
    "this",
    "real",
    "hype",
    "no",
)
COLORS = ("#1E90FF", "#FF4500", "#2E8B57", "#DAA520", "#8A2BE2", "")


def recorded(folder: Path) -> list[bytes]:
    """Return the recorded lines under TWITCHLY_DATA; [] where there are none."""
    return [line for path in sorted((folder / "irc").glob("*.irc")) for line in path.read_bytes().splitlines()]


def invented(channels: Sequence[tuple[str, str]], sent_ms: int, seed: int = 1) -> Iterator[bytes]:
    """Yield messages for ever, the channels (id, login) in turn; the ids are new, all are sent at `sent_ms`."""
    draw = random.Random(seed)
    while True:
        for channel_id, login in channels:
            user = draw.randrange(50_000)
            text = " ".join(draw.choices(WORDS, k=draw.randint(1, 9)))
            yield _line(channel_id, login, user, str(uuid.UUID(int=draw.getrandbits(128))), sent_ms, text, draw)


def _line(
    channel_id: str, login: str, user: int, message_id: str, sent_ms: int, text: str, draw: random.Random
) -> bytes:
    subscriber = draw.random() < 0.4
    badges = f"subscriber/{draw.choice((1, 3, 6, 12))}" if subscriber else ""
    tags = (
        f"badge-info={badges};badges={badges};client-nonce={draw.getrandbits(128):032x};color={draw.choice(COLORS)};"
        f"display-name=Viewer{user};emotes=;first-msg={int(draw.random() < 0.02)};flags=;id={message_id};mod=0;"
        f"returning-chatter=0;room-id={channel_id};subscriber={int(subscriber)};tmi-sent-ts={sent_ms};turbo=0;"
        f"user-id={10_000_000 + user};user-type="
    )
    name = f"viewer{user}"
    return f"@{tags} :{name}!{name}@{name}.tmi.twitch.tv PRIVMSG #{login} :{text}".encode()
