"""Write the description of the API to docs/openapi-v1.json, when a version of it is released."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from apps.api.description.document import description_bytes
from twitchly.env import ROOT

RELEASED = ROOT / "docs" / "openapi-v1.json"


class Command(BaseCommand):
    help = __doc__

    def handle(self, *_args: Any, **_options: Any) -> None:
        RELEASED.write_bytes(description_bytes())
        self.stdout.write(f"{RELEASED.name} is written")
