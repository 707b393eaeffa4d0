"""API keys of an instance's demo account, with all scopes and with limits that no benchmark reaches."""

from __future__ import annotations

from drills.stack import Stack

CREATE_KEYS = """
from apps.accounts.models import User
from apps.api.keys.services import create_key
from apps.api.models import Membership, Plan
from apps.api.scopes import Scope
owner = User.objects.get(email="demo@twitchly.example")
limits = dict(requests_per_second=3_000, burst=6_000, requests_per_day=10**8, streams=1_000)
plan, _ = Plan.objects.get_or_create(name="Measurements", defaults=limits)
Membership.objects.get_or_create(owner=owner, defaults={{"plan": plan}})
for name in {names}:
    print(create_key(owner=owner, name=name, scopes=list(Scope), days=1)[1])
"""


def make_keys(stack: Stack, *names: str) -> list[str]:
    """Return a new key for each name."""
    return stack.manage("shell", "-v", "0", "-c", CREATE_KEYS.format(names=names)).split()
