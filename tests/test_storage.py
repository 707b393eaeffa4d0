"""After an upgrade pages load static files of one version only."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command
from pytest_django import Settings


@pytest.fixture
def collected(tmp_path: Path, settings: Settings) -> Path:
    settings.STATIC_ROOT = tmp_path / "collected"
    # Files from npm may not be installed yet.
    vendor = tmp_path / "brought" / "vendor" / "uplot"
    vendor.mkdir(parents=True)
    for name in ("uPlot.esm.js", "uPlot.min.css"):
        (vendor / name).write_text("/* stands for it */")
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, tmp_path / "brought"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "twitchly.storage.HashedStaticFiles"}}
    left = settings.STATIC_ROOT / "js" / "figures.js"
    left.parent.mkdir(parents=True)
    left.write_text("// of a version that is newer than the files of this checkout")
    call_command("collectstatic", "--clear", interactive=False, verbosity=0)
    return Path(settings.STATIC_ROOT)


def test_scripts_import_modules_of_their_own_version(collected: Path) -> None:
    paths = json.loads((collected / "staticfiles.json").read_text())["paths"]
    reached, wanted = set(), [paths["js/page.js"], paths["js/shell.js"]]
    while wanted:
        script = wanted.pop()
        reached.add(script)
        imported = re.findall(r'^import [^"]*"([^"]+)";', (collected / script).read_text(), re.MULTILINE)
        result = {str(Path(script).parent / name) for name in imported}
        names = {re.sub(r"js/\.\./", "", name) for name in result}
        assert names <= set(paths.values()), names
        wanted += names - reached
    assert len(reached) > 15
    assert paths["vendor/uplot/uPlot.esm.js"] in reached


def test_files_of_other_versions_are_removed(collected: Path) -> None:
    assert "of a version" not in (collected / "js" / "figures.js").read_text()
