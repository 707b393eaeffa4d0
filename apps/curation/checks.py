"""System check that refuses to migrate a database of Twitchly 0.3, which has other tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from apps.curation.carry import is_old_database

HINT = (
    "Accounts and lists cannot be moved. Opt-outs, pins, blocks, bots and the audit log can: run `manage.py carry "
    'export FILE`, move this database away, start again, and run `manage.py carry import FILE`. See "Upgrading from '
    '0.3" in docs/operation.md.'
)


@register(Tags.database)
def refuse_old_database(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Return an error for a 0.3 database. `migrate` runs this check first."""
    if not databases or not is_old_database():
        return []
    return [Error("The database belongs to Twitchly 0.3.", hint=HINT, id="curation.E001")]
