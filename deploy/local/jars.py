"""The servers' jars: fetched by Maven, and each checked against its committed SHA-256."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from deploy.local.children import run_command
from deploy.local.layout import Layout
from deploy.local.steps import StepFailed

SETS = ("kafka", "cassandra", "flink")
SHOWN = 5


def read_sums(text: str) -> dict[str, str]:
    """Return file name to SHA-256 from the lines of sha256sum(1)."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if line)
    return {name: value for value, name in pairs}


def differences(folder: Path, sums: Mapping[str, str]) -> list[str]:
    """Return what is missing, extra or not the same in `folder`; [] when it is exactly what `sums` says."""
    there = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    found = [f"{name} is missing" for name in sorted(sums.keys() - there.keys())]
    found += [f"{name} is not in the list" for name in sorted(there.keys() - sums.keys())]
    for name in sorted(sums.keys() & there.keys()):
        value = hashlib.sha256(there[name].read_bytes()).hexdigest()
        if value != sums[name]:
            found.append(f"{name} has SHA-256 {value}, expected {sums[name]}")
    return found


def _all_differences(layout: Layout, jars: Path) -> list[str]:
    lists = layout.root / "deploy" / "jars"
    return [
        f"{name}/{text}"
        for name in SETS
        for text in differences(jars / name, read_sums((lists / f"{name}.sha256").read_text()))
    ]


def provide_jars(layout: Layout, java_home: str) -> str:
    """Bring the jars when they are not there as they should be. Raises: StepFailed."""
    if not _all_differences(layout, layout.jars):
        return "checked"
    fresh = layout.jars / ".part"
    shutil.rmtree(fresh, ignore_errors=True)
    pom = layout.root / "deploy" / "jars" / "pom.xml"
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-Djars={fresh}"]
    log = layout.log_file("maven")
    run_command(command, log, layout.root, {**os.environ, "JAVA_HOME": java_home})
    if found := _all_differences(layout, fresh):
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        raise StepFailed(f"jars that Maven brought are not those of deploy/jars: {'; '.join(found[:SHOWN])}{more}", log)
    for name in SETS:
        shutil.rmtree(layout.jars / name, ignore_errors=True)
        (fresh / name).replace(layout.jars / name)
    fresh.rmdir()
    return "fetched and checked"
