"""Curation rules that apply to every line of chat."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class IntakeRules:
    """Logins of bots, and ids of channels and users that opted out."""

    bots: frozenset[str] = frozenset()
    opted_out_channels: frozenset[str] = frozenset()
    opted_out_users: frozenset[str] = frozenset()
