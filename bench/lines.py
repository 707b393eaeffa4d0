"""IRC lines for the benchmarks: recorded ones if available, else generated ones in the same format."""

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
    """Return the recorded lines in a folder, or [] if there are none."""
    return [line for path in sorted((folder / "irc").glob("*.irc")) for line in path.read_bytes().splitlines()]


def generated(channels: Sequence[tuple[str, str]], sent_ms: int, seed: int = 1) -> Iterator[bytes]:
    """Yield messages endlessly, cycling through the channels (id, login), with new ids and `sent_ms` as their time."""
    rng = random.Random(seed)
    while True:
        for channel_id, login in channels:
            user = rng.randrange(50_000)
            text = " ".join(rng.choices(WORDS, k=rng.randint(1, 9)))
            yield _line(channel_id, login, user, str(uuid.UUID(int=rng.getrandbits(128))), sent_ms, text, rng)


def _line(
    channel_id: str, login: str, user: int, message_id: str, sent_ms: int, text: str, rng: random.Random
) -> bytes:
    subscriber = rng.random() < 0.4
    badges = f"subscriber/{rng.choice((1, 3, 6, 12))}" if subscriber else ""
    tags = (
        f"badge-info={badges};badges={badges};client-nonce={rng.getrandbits(128):032x};color={rng.choice(COLORS)};"
        f"display-name=Viewer{user};emotes=;first-msg={int(rng.random() < 0.02)};flags=;id={message_id};mod=0;"
        f"returning-chatter=0;room-id={channel_id};subscriber={int(subscriber)};tmi-sent-ts={sent_ms};turbo=0;"
        f"user-id={10_000_000 + user};user-type="
    )
    name = f"viewer{user}"
    return f"@{tags} :{name}!{name}@{name}.tmi.twitch.tv PRIVMSG #{login} :{text}".encode()
