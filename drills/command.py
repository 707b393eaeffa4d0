"""What a drill is asked for on its command line: the audience, the seed, and which of its faults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Named(Protocol):
    """A fault, by its name."""

    @property
    def name(self) -> str: ...


Fault = TypeVar("Fault", bound=Named)


@dataclass(frozen=True, slots=True)
class Asked:
    """The audience, in the words of `deploy.local run`, and the names of the faults; none stands for all."""

    channels: str
    rate: str
    seed: str
    only: Sequence[str]

    def audience(self) -> tuple[str, ...]:
        """Return the options of a start with two producers."""
        return "--producers", "2", "--channels", self.channels, "--rate", self.rate, "--seed", self.seed

    def chosen(self, faults: Sequence[Fault]) -> list[Fault]:
        """Return those of the faults that are wanted, in their order. Raises: SystemExit on an unknown name."""
        unknown = set(self.only) - {fault.name for fault in faults}
        if unknown:
            raise SystemExit(f"unknown: {', '.join(sorted(unknown))}; expected {', '.join(f.name for f in faults)}")
        return [fault for fault in faults if not self.only or fault.name in self.only]


def asked(text: str | None, *, channels: int, rate: int, seed: int) -> Asked:
    """Read the command line of a drill that `text` describes, with its defaults."""
    options = argparse.ArgumentParser(description=text)
    for name, default in (("channels", channels), ("rate", rate), ("seed", seed)):
        options.add_argument(f"--{name}", default=str(default))
    options.add_argument("--only", nargs="*", default=[], help="names of faults; all without")
    given = Asked(**vars(options.parse_args()))
    print(f"{given.channels} channels, {given.rate} messages/s, seed {given.seed}", flush=True)
    return given
