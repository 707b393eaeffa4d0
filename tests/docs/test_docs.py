"""The documents name only existing files and tests, and the README stays short."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FOLDERS = "apps|bench|core|deploy|docs|drills|flink|simulator|static|templates|tests|twitchly"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./-]*\w/?)(?:::(\w+))?[^`]*`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)(?:#[\w-]*)?\)")
README_WORDS_MAX = 500
COLUMNS_MAX = 100
# Tables, code, links and images cannot be wrapped.
UNWRAPPED = re.compile(r"\||    |!?\[|<|.*\]\(|.*https?://")


def for_each(documents: list[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("document", documents, ids=lambda path: str(path.relative_to(ROOT)))


@for_each(DOCUMENTS)
def test_files_and_tests_named_in_documents_exist(document: Path) -> None:
    named = PATH.findall(document.read_text())
    assert [path for path, _ in named if not (ROOT / path).exists()] == []
    assert [test for path, test in named if test and f"def {test}(" not in (ROOT / path).read_text()] == []


@for_each(DOCUMENTS)
def test_links_point_to_existing_files(document: Path) -> None:
    targets = LINK.findall(document.read_text())
    assert [target for target in targets if not (document.parent / target).exists()] == []


@for_each(DOCUMENTS)
def test_lines_are_wrapped(document: Path) -> None:
    long = [line for line in document.read_text().splitlines() if len(line) > COLUMNS_MAX]
    assert [line for line in long if not UNWRAPPED.match(line)] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= README_WORDS_MAX


def test_the_version_is_the_latest_in_the_changelog() -> None:
    latest = re.search(r"^## \[?(\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert latest is not None
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == latest[1]


@pytest.mark.parametrize("file", ["deploy/compose.yaml", "docs/operation.md"])
def test_container_images_have_the_projects_version(file: str) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    tags = re.findall(r"\btwitchly(?:-flink)?:(\d[\w.]*)", (ROOT / file).read_text())
    assert tags != []
    assert set(tags) == {version}
