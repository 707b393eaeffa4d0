"""The servers' jars, downloaded by Maven and verified against their committed SHA-256 checksums."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from deploy.local.children import run_command
from deploy.local.layout import Layout
from deploy.local.steps import StepFailed

JAR_SETS = ("kafka", "cassandra", "flink")
MAX_SHOWN = 5


def parse_checksums(text: str) -> dict[str, str]:
    """Parse the output of sha256sum(1) into a mapping of file name to checksum."""
    pairs = (line.split("  ", 1) for line in text.splitlines() if line)
    return {name: value for value, name in pairs}


def mismatches(folder: Path, checksums: Mapping[str, str]) -> list[str]:
    """Return a description of each missing, unexpected or changed file in `folder`."""
    present = {path.name: path for path in folder.iterdir()} if folder.is_dir() else {}
    problems = [f"{name} is missing" for name in sorted(checksums.keys() - present.keys())]
    problems += [f"{name} is unexpected" for name in sorted(present.keys() - checksums.keys())]
    for name in sorted(checksums.keys() & present.keys()):
        value = hashlib.sha256(present[name].read_bytes()).hexdigest()
        if value != checksums[name]:
            problems.append(f"{name} has SHA-256 {value}, expected {checksums[name]}")
    return problems


def _all_mismatches(layout: Layout, jars: Path) -> list[str]:
    lists = layout.root / "deploy" / "jars"
    return [
        f"{name}/{text}"
        for name in JAR_SETS
        for text in mismatches(jars / name, parse_checksums((lists / f"{name}.sha256").read_text()))
    ]


def install_jars(layout: Layout, java_home: str) -> str:
    """Download the jars unless they are present and match their checksums. Raises: StepFailed."""
    if not _all_mismatches(layout, layout.jars):
        return "verified"
    download = layout.jars / ".part"
    shutil.rmtree(download, ignore_errors=True)
    pom = layout.root / "deploy" / "jars" / "pom.xml"
    command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-Djars={download}"]
    log = layout.log_file("maven")
    run_command(command, log, layout.root, {**os.environ, "JAVA_HOME": java_home})
    if problems := _all_mismatches(layout, download):
        more = f" and {len(problems) - MAX_SHOWN} more" if len(problems) > MAX_SHOWN else ""
        listed = "; ".join(problems[:MAX_SHOWN])
        raise StepFailed(f"downloaded jars do not match deploy/jars: {listed}{more}", log)
    for name in JAR_SETS:
        shutil.rmtree(layout.jars / name, ignore_errors=True)
        (download / name).replace(layout.jars / name)
    download.rmdir()
    return "downloaded and verified"
