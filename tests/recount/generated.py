"""Generate a chat recording: `python -m tests.recount.generated FILE MINUTES CHANNELS`."""

from __future__ import annotations

import csv
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

START = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
COMMON_TEXTS = (
    "gg",
    "GG",
    "what a   play that was",
    "What a play  THAT was",
    "no way, he did it again",
    "first time here, hello",
    "!join",
    "!join \u2060",
    "naïve Straße",
    "NAÏVE STRASSE",
    "どうも、こんにちは",
    "👩\u200d💻 coding a bot",
    "GOAL GOAL GOAL",
)
WORDS = ("nice", "play", "hello", "good", "again", "chat", "hype", "no", "LUL", "when", "next", "map")
# One in this many messages has random text; the others have a common text.
RANDOM_ONE_IN = 3


def write_recording(path: Path, *, minutes: int, channels: int, seed: int = 5) -> int:
    """Write a recording and return its number of messages; the first channel is the busiest."""
    rng, rows, at_s = random.Random(seed), 0, 0.0
    logins = [f"generated_{number}" for number in range(1, channels + 1)]
    weights = [4 / number for number in range(1, channels + 1)]
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["arrived_at", "channel", "user", "text"])
        while (at_s := at_s + rng.expovariate(12)) < minutes * 60:
            login = rng.choices(logins, weights)[0]
            random_text = " ".join(rng.choices(WORDS, k=rng.randint(1, 9)))
            text = random_text if rng.randrange(RANDOM_ONE_IN) == 0 else rng.choice(COMMON_TEXTS)
            moment = (START + timedelta(seconds=at_s)).isoformat(timespec="milliseconds")
            table.writerow([moment, login, f"viewer_{rng.randrange(1, 300)}", text])
            rows += 1
    return rows


if __name__ == "__main__":
    print(write_recording(Path(sys.argv[1]), minutes=int(sys.argv[2]), channels=int(sys.argv[3])))
