"""The page's own modules, run in node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parents[2] / "static" / "js"
FRAME = """
import { readFileSync } from "node:fs";
const given = JSON.parse(readFileSync(0, "utf8"));
const print = (answer) => console.log(JSON.stringify(answer));
"""


def run_program(folder: Path, program: str, given: object) -> Any:
    """Run `program` next to the modules and return its output; it reads the input as `given`."""
    for script in SCRIPTS.glob("*.js"):
        shutil.copy(script, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "program.js").write_text(FRAME + program)
    done = subprocess.run(
        ["node", "program.js"],
        cwd=folder,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return json.loads(done.stdout)
