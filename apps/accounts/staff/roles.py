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
        "channels.channel": ("view", "add", "change"),
        "channels.tag": VERBS,
        "curation.bot": VERBS,
        "curation.optout": VERBS,
        "curation.curationrequest": ("view", "change"),
        "curation.optoutrequest": ("view", "change"),
        "audit.act": ("view",),
    },
    SUPPORT: {
        "accounts.user": ("view", "end_sessions"),
        "curation.curationrequest": ("view", "change"),
        "curation.optoutrequest": ("view", "change"),
        # Of a key nothing can be changed but that it is revoked.
        "api.apikey": ("view", "change"),
    },
    OWNER: {
        "channels.channel": ("view", "add", "change"),
        "channels.tag": VERBS,
        "curation.bot": VERBS,
        "curation.optout": VERBS,
        "accounts.user": (*VERBS, "end_sessions"),
        "curation.curationrequest": ("view", "change"),
        "curation.optoutrequest": ("view", "change"),
        "audit.act": ("view",),
        "audit.deletion": ("view",),
        "api.apikey": ("view", "change"),
        "api.plan": VERBS,
        "api.membership": VERBS,
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
