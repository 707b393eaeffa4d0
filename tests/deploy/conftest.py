"""An instance layout in an otherwise empty project folder."""

from pathlib import Path

import pytest

from deploy.local.layout import Layout
from deploy.local.ports import Ports


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    root = tmp_path / "project"
    root.mkdir()
    layout = Layout(root, tmp_path / "var", Ports(21_000), {})
    layout.create_folders()
    return layout
