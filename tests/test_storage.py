"""After an upgrade, pages load static files of a single version."""

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
    # The npm packages might not be installed.
    for name in ("uplot/uPlot.esm.js", "uplot/uPlot.min.css", "inter/inter-latin.woff2"):
        path = tmp_path / "npm" / "vendor" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("/* placeholder */")
    settings.STATICFILES_DIRS = [*settings.STATICFILES_DIRS, tmp_path / "npm"]
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "twitchly.storage.HashedStaticFiles"}}
    stale = settings.STATIC_ROOT / "js" / "figures.js"
    stale.parent.mkdir(parents=True)
    stale.write_text("// of another version, newer than the files of this checkout")
    call_command("collectstatic", "--clear", interactive=False, verbosity=0)
    return Path(settings.STATIC_ROOT)


def test_scripts_import_modules_of_their_own_version(collected: Path) -> None:
    paths = json.loads((collected / "staticfiles.json").read_text())["paths"]
    visited, queue = set(), [paths["js/page.js"], paths["js/shell.js"]]
    while queue:
        script = queue.pop()
        visited.add(script)
        imported = re.findall(r'^import [^"]*"([^"]+)";', (collected / script).read_text(), re.MULTILINE)
        imports = {str(Path(script).parent / name) for name in imported}
        names = {re.sub(r"js/\.\./", "", name) for name in imports}
        assert names <= set(paths.values()), names
        queue += names - visited
    assert len(visited) > 15
    assert paths["vendor/uplot/uPlot.esm.js"] in visited


def test_files_of_other_versions_are_removed(collected: Path) -> None:
    assert "of another version" not in (collected / "js" / "figures.js").read_text()
