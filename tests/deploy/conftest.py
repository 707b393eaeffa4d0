"""A project folder with nothing in it but what a test puts there."""

from pathlib import Path

import pytest

from deploy.local.layout import Layout
from deploy.local.ports import Ports


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "project"
    root.mkdir()
    made = Layout(root, tmp_path / "var", Ports(21_000), {})
    made.make_folders()
    return made
