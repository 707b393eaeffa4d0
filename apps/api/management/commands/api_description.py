"""Write the OpenAPI description to docs/openapi-v1.json, for the release of an API version."""

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
        self.stdout.write(f"{RELEASED.name} written")
