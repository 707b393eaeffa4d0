"""What staff may do, by their role: one table, kept by the groups of Django.

The groups are made by a migration. Their rights are set after every migration, as those to an application's models
are only made by then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as every_app

VERBS = ("view", "add", "change", "delete")
CURATOR, SUPPORT, OWNER = "curator", "support", "owner"
# Rights to a model; a right that is no verb is one of the model's own.
RIGHTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    CURATOR: {
        "ingest.channel": ("view", "add", "change"),
        "ingest.tag": VERBS,
        "ingest.bot": VERBS,
        "ingest.optout": VERBS,
        "dashboard.curationrequest": ("view", "change"),
        "ingest.optoutrequest": ("view", "change"),
        "audit.act": ("view",),
    },
    SUPPORT: {
        "dashboard.user": ("view", "end_sessions"),
        "dashboard.curationrequest": ("view", "change"),
        "ingest.optoutrequest": ("view", "change"),
        # Of a key nothing can be changed but that it is revoked.
        "partners.apikey": ("view", "change"),
    },
    OWNER: {
        "ingest.channel": ("view", "add", "change"),
        "ingest.tag": VERBS,
        "ingest.bot": VERBS,
        "ingest.optout": VERBS,
        "dashboard.user": (*VERBS, "end_sessions"),
        "dashboard.curationrequest": ("view", "change"),
        "ingest.optoutrequest": ("view", "change"),
        "audit.act": ("view",),
        "audit.deletion": ("view",),
        "partners.apikey": ("view", "change"),
        "partners.plan": VERBS,
        "partners.membership": VERBS,
        "auth.group": VERBS,
        # For somebody who has lost their second factor.
        "mfa.authenticator": ("view", "delete"),
    },
}


def rights_of(role: str, application: str) -> frozenset[str]:
    """Return what a role may do with the models of an application, as Django names it."""
    return frozenset(_codenames(RIGHTS[role], application))


def keep_rights(*, app_config: AppConfig, using: str, apps: Apps = every_app, **_: Any) -> None:
    """Give each role its rights to an application, no more and no fewer. Receives `post_migrate`."""
    try:
        groups, rights = apps.get_model("auth", "Group").objects, apps.get_model("auth", "Permission").objects
    except LookupError:
        return  # migrated to before there were any
    known = rights.using(using).filter(content_type__app_label=app_config.label)
    for group in groups.using(using).filter(name__in=RIGHTS):
        wanted = rights_of(group.name, app_config.label)
        group.permissions.remove(*(right for right in known if right.codename not in wanted))
        group.permissions.add(*(right for right in known if right.codename in wanted))


def _codenames(rights: Mapping[str, tuple[str, ...]], application: str) -> Iterator[str]:
    for model, verbs in rights.items():
        label, _, name = model.partition(".")
        if label == application:
            yield from (f"{verb}_{name}" if verb in VERBS else verb for verb in verbs)
