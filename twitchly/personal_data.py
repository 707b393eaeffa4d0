"""Registry of personal data: each app registers what it stores about an account in its AppConfig.ready().

Deletion needs no registration, because every row about an account refers to the account and is deleted with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from core.inputs.timestamps import format_timestamp

Section = list[dict[str, Any]]
# Sections of an account's data file, by name.
_SECTIONS: dict[str, Callable[[Any], Section]] = {}


def register(name: str, read: Callable[[Any], Section]) -> None:
    """Add a section to every account's data: `read` returns a user's `rows`, without secrets."""
    _SECTIONS[name] = read


def sections(user: AbstractBaseUser) -> Mapping[str, Section]:
    """Return the registered sections of a user."""
    return {name: read(user) for name, read in _SECTIONS.items()}


def rows(objects: Iterable[Any], *names: str) -> Section:
    """Return the named fields of each object, with times as ISO 8601 in UTC."""
    return [{name: _plain(getattr(obj, name)) for name in names} for obj in objects]


def iso(at: dt.datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC."""
    return None if at is None else format_timestamp(at)


def _plain(value: Any) -> Any:
    return iso(value) if isinstance(value, dt.datetime) else value
