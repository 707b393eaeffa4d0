"""Command-line options of the fault-injection tests: audience, seed and selected faults."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar


class Named(Protocol):
    """An object with a name."""

    @property
    def name(self) -> str: ...


Fault = TypeVar("Fault", bound=Named)


@dataclass(frozen=True, slots=True)
class DrillOptions:
    """The audience, as options of `deploy.local run`, and the names of the selected faults; an empty list means all."""

    channels: str
    rate: str
    seed: str
    only: Sequence[str]

    def audience(self) -> tuple[str, ...]:
        """Return the options that start an instance with two producers."""
        return "--producers", "2", "--channels", self.channels, "--rate", self.rate, "--seed", self.seed

    def selected(self, faults: Sequence[Fault]) -> list[Fault]:
        """Return the selected faults in their original order. Raises: SystemExit for an unknown name."""
        unknown = set(self.only) - {fault.name for fault in faults}
        if unknown:
            known = ", ".join(fault.name for fault in faults)
            raise SystemExit(f"unknown faults: {', '.join(sorted(unknown))}; expected any of {known}")
        return [fault for fault in faults if not self.only or fault.name in self.only]


def parse_options(description: str | None, *, channels: int, rate: int, seed: int) -> DrillOptions:
    """Parse the command line of a fault-injection test; `description` is its help text."""
    parser = argparse.ArgumentParser(description=description)
    for name, default in (("channels", channels), ("rate", rate), ("seed", seed)):
        parser.add_argument(f"--{name}", default=str(default))
    parser.add_argument("--only", nargs="*", default=[], help="names of the faults to inject (default: all)")
    options = DrillOptions(**vars(parser.parse_args()))
    print(f"{options.channels} channels, {options.rate} messages/s, seed {options.seed}", flush=True)
    return options
