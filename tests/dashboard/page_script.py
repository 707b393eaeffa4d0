"""The page's own modules, run in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

from apps.dashboard.script import board_constants

STATIC = Path(__file__).resolve().parents[2] / "static"
SCRIPTS, UPLOT = STATIC / "js", STATIC / "vendor" / "uplot" / "uPlot.esm.js"
PRELUDE = """
import { readFileSync } from "node:fs";
import { useConstants } from "./constants.js";
const { given, constants } = JSON.parse(readFileSync(0, "utf8"));
useConstants(constants);
const print = (value) => console.log(JSON.stringify(value));
"""


def run_program(folder: Path, program: str, given: object) -> Any:
    """Run `program` next to the modules, with the page's constants; it reads its input from `given`."""
    js, vendor = folder / "js", folder / "vendor" / "uplot"
    for part in (js, vendor):
        part.mkdir(parents=True, exist_ok=True)
    for script in SCRIPTS.glob("*.js"):
        shutil.copy(script, js)
    shutil.copy(UPLOT, vendor)
    (folder / "package.json").write_text('{"type": "module"}')
    (js / "program.js").write_text(PRELUDE + program)
    done = subprocess.run(
        ["node", "program.js"],
        cwd=js,
        input=json.dumps({"given": given, "constants": board_constants()}),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)
