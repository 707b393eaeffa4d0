"""Pages list all modules that their entry modules import, so that the browser loads them at once."""

from __future__ import annotations

import re
from pathlib import Path

from django.core.files.base import ContentFile
from django.test import Client

from apps.dashboard.templatetags.modules import imports_of
from tests.dashboard.conftest import Boards
from tests.dashboard.page_script import SCRIPTS
from tests.pages import read_page
from twitchly.storage import HashedStaticFiles


def imported_by(name: str) -> set[str]:
    """Return a module's direct and indirect imports, found with a different regular expression from the product's."""
    found: set[str] = set()
    pending = {name}
    while pending:
        text = (SCRIPTS / pending.pop()).read_text()
        # Imports of types in comments, such as import("./series.js"), do not match.
        names = {match[1] for match in re.finditer(r'[^(]"\./([a-z-]+\.js)";', text)}
        pending |= names - found
        found |= names
    return found


def test_all_indirect_imports_are_found() -> None:
    for path in SCRIPTS.glob("*.js"):
        names = imports_of(f"js/{path.name}")
        assert {name.removeprefix("js/") for name in names if name.startswith("js/")} == imported_by(path.name)
    assert "vendor/uplot/uPlot.esm.js" in imports_of("js/page.js")
    assert len(set(imports_of("js/page.js"))) == len(imports_of("js/page.js")) > 30


def test_the_board_lists_its_modules(boards: Boards, signed_in: Client) -> None:
    page = read_page(signed_in.get("/"))
    hints = re.findall(r'<link rel="modulepreload" href="/static/(js/[^"]+)">', page)
    assert "js/times.js" in hints
    assert page.index("modulepreload") < page.index('src="/static/js/page.js"')


def test_imports_of_collected_modules_exist(tmp_path: Path) -> None:
    """Django recognizes imports with regular expressions, which can also match comments."""
    storage = HashedStaticFiles(location=tmp_path, base_url="/static/")
    paths = {}
    for folder in ("js", "vendor"):
        for path in sorted((SCRIPTS.parent / folder).rglob("*.js")):
            name = path.relative_to(SCRIPTS.parent).as_posix()
            storage.save(name, ContentFile(path.read_bytes()))
            paths[name] = (storage, name)
    assert all(hashed for _, hashed, _ in storage.post_process(paths))
    for name in (name for name in paths if name.startswith("js/")):
        module = tmp_path / storage.stored_name(name)
        for match in re.finditer(r'(?:from|import) "(\.{1,2}/[^"]+\.js)";', module.read_text()):
            assert (module.parent / match[1]).resolve().is_file(), f"{name} imports {match[1]}"
