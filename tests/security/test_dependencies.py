"""Every package is pinned to a version and hashes, so that only reviewed content is installed."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKED = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("path", LOCKED, ids=lambda path: path.name)
def test_every_python_package_is_pinned_with_hashes(path: Path) -> None:
    text = re.sub(r"\\\n\s*", " ", path.read_text())
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert lines
    assert [
        line for line in lines if not re.match(r"\S+==\S+(\s;[^-]*)?(\s+--hash=sha256:[0-9a-f]{64})+\s*$", line)
    ] == []


def test_the_audit_fails_if_a_package_cannot_be_audited() -> None:
    recipe = subprocess.run(
        ["make", "-n", "audit", f"PYTHON={sys.executable}"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    (command,) = re.findall(r"\.audit/bin/pip-audit .*", recipe)
    # Without --strict, pip-audit only prints a note for packages that its index does not know.
    assert "--strict" in command
    assert "|| exit 1" in command
    # All lock files are audited.
    assert "requirements/*.txt" in recipe


def test_every_node_package_is_pinned_with_a_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    packages.pop("")
    assert packages
    assert [name for name, package in packages.items() if not package.get("integrity", "").startswith("sha512-")] == []
