"""Finds the regular expressions in the project's source, and lists the strings to test them with."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
# Only these folders process untrusted text; deploy, drills and bench read the project's files.
FOLDERS = ("twitchly", "core", "flink", "apps", "simulator")
METHODS = ("fullmatch", "match", "search", "sub", "findall", "finditer", "split")
# Tests repeat each fragment. A pattern that scans the rest of the text from many positions is quadratic on at least
# one of the resulting texts.
FRAGMENTS = (
    "a",
    "0",
    "0" * 30 + " ",
    " ",
    ".",
    "/",
    ":",
    "@",
    '"',
    "'",
    "`",
    "\\",
    "a@",
    "a.",
    "1:",
    "1-1",
    "/s/",
    "/a?",
    "1.aaaaaaaaaa",
    "password",
    "password='",
    'token="',
    "secret: ",
    "bearer ",
    "bearer  oauth::",
    "twitchly_abc",
    ".json",
    "@a :b PRIVMSG",
    "\n",
    "é",
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, its location in the source, and the methods it is used with."""

    location: str
    expression: re.Pattern[Any]
    methods: tuple[str, ...]

    def scan(self, text: str) -> None:
        """Apply the expression to a text, with each method that the source uses."""
        subject: Any = text.encode() if isinstance(self.expression.pattern, bytes) else text
        for method in self.methods:
            scans: dict[str, Callable[[], Any]] = {
                "fullmatch": lambda: self.expression.fullmatch(subject),
                "match": lambda: self.expression.match(subject),
                "split": lambda: self.expression.split(subject),
            }
            # `sub` scans the whole text, as `search` does without a match.
            scans.get(method, lambda: self.expression.sub(subject[:0], subject))()


def patterns() -> Iterator[Pattern]:
    """Yield every regular expression in the Python source."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from _patterns_of(path)


def script_patterns() -> Iterator[Pattern]:
    """Yield every regular expression in the pages' scripts; their syntax is also valid in Python."""
    for path in sorted((ROOT / "static" / "js").glob("*.js")):
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            for literal in _SCRIPT_LITERAL.findall(line):
                yield Pattern(f"static/js/{path.name}:{number}", re.compile(literal), ("sub",))


_SCRIPT_LITERAL = re.compile(
    r"(?:^|[(=|&?:,!]|return)\s*/(?![/*])((?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\[])+)/(?=[gimsuy]*\s*[.,;)|&])"
)


def _patterns_of(path: Path) -> Iterator[Pattern]:
    text = path.read_text()
    tree = ast.parse(text)
    names = {id(node.value): _name(node) for node in ast.walk(tree) if isinstance(node, ast.Assign | ast.AnnAssign)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or (function := ast.unparse(node.func)) not in FUNCTIONS:
            continue
        name = names.get(id(node), "")
        used = re.findall(rf"\b{name}\.({'|'.join(METHODS)})\(", text) if name else []
        methods = tuple(dict.fromkeys(used)) or (FUNCTIONS[function],)
        yield Pattern(f"{path.relative_to(ROOT)}:{node.lineno}", _compile(path, node, function), methods)


FUNCTIONS = {f"re.{method}": method for method in METHODS} | {
    "re.compile": "sub",
    "re_path": "search",
    "RegexValidator": "search",
}


def _compile(path: Path, node: ast.Call, function: str) -> re.Pattern[Any]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    values = [_value(argument, module) for argument in node.args]
    flags = values[1:] if function == "re.compile" else []
    flags += [_value(keyword.value, module) for keyword in node.keywords if keyword.arg == "flags"]
    return re.compile(values[0], *(flag for flag in flags if isinstance(flag, re.RegexFlag)))


def _value(node: ast.expr, module: Any) -> Any:
    try:
        return eval(compile(ast.Expression(node), "pattern", "eval"), vars(module))
    except NameError:
        # A local variable of the function, such as the searched text.
        return None


def _name(node: ast.Assign | ast.AnnAssign) -> str:
    target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
    return target.id if isinstance(target, ast.Name) else ""
