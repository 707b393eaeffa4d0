"""Generate docs/schemas, the JSON Schema of each topic; with --check, verify that the files are up to date."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.metrics.columns import GRAINS, names_of
from core.pipeline.schemas import topic_schemas
from twitchly.env import ROOT


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 when a file differs")
        parser.add_argument("--folder", type=Path, default=ROOT / "docs" / "schemas", help="the folder to write to")

    def handle(self, *_args: Any, check: bool, folder: Path, **_options: Any) -> None:
        files = {
            folder / f"{topic}.json": json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
            for topic, schema in topic_schemas({grain: names_of(grain) for grain in GRAINS}).items()
        }
        if check:
            differing = [file.name for file, text in files.items() if not file.exists() or file.read_text() != text]
            if differing or {*folder.glob("*.json")} != files.keys():
                raise CommandError(f"{folder} is out of date ({', '.join(differing)}): run manage.py topic_schemas")
            return
        folder.mkdir(exist_ok=True)
        for file, text in files.items():
            file.write_text(text)
