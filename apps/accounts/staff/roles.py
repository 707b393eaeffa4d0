"""Staff permissions by role: one table, applied to Django groups.

A migration creates the groups. Their permissions are set after every migrate, because Django creates the permissions of
an app's models only then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import AppConfig
from django.apps.registry import Apps
from django.apps.registry import apps as every_app

VERBS = ("view", "add", "change", "delete")
CURATOR, SUPPORT, OWNER = "curator", "support", "owner"
# Permissions on each model: verbs, or custom permissions of the model.
ROLE_PERMISSIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
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
        # The only change that staff can make to a key is to revoke it.
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
        # For users who have lost their second factor.
        "mfa.authenticator": ("view", "delete"),
    },
}


def role_permissions(role: str, application: str) -> frozenset[str]:
    """Return the codenames of a role's permissions on the models of an app."""
    return frozenset(_codenames(ROLE_PERMISSIONS[role], application))


def sync_role_permissions(*, app_config: AppConfig, using: str, apps: Apps = every_app, **_: Any) -> None:
    """Set the permissions of each role on the models of an app. Handles `post_migrate`."""
    try:
        groups, permissions = apps.get_model("auth", "Group").objects, apps.get_model("auth", "Permission").objects
    except LookupError:
        return  # these models do not exist at this point of the migration history
    known = permissions.using(using).filter(content_type__app_label=app_config.label)
    for group in groups.using(using).filter(name__in=ROLE_PERMISSIONS):
        codenames = role_permissions(group.name, app_config.label)
        group.permissions.remove(*(permission for permission in known if permission.codename not in codenames))
        group.permissions.add(*(permission for permission in known if permission.codename in codenames))


def _codenames(permissions: Mapping[str, tuple[str, ...]], application: str) -> Iterator[str]:
    for model, verbs in permissions.items():
        label, _, name = model.partition(".")
        if label == application:
            yield from (f"{verb}_{name}" if verb in VERBS else verb for verb in verbs)
