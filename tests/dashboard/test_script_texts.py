"""Messages that only the script writes."""

from __future__ import annotations

from pathlib import Path

from tests.dashboard.page_script import run_program

RECONNECTING = """
import { Connection } from "./connection.js";
const socket = () => ({ isOpen: false, tries: 3, hasFrame: true });
const connection = new Connection({ badge: null, note: null, clock: () => 60_000, socket });
connection.awaySince = 0;
print(connection.words("reconnecting")[0]);
"""


def test_a_page_that_reconnects_counts_its_attempts(tmp_path: Path) -> None:
    assert run_program(tmp_path, RECONNECTING, None) == "Reconnecting, attempt 3."


WRONG_TYPE = """
import { byId } from "./dom.js";
globalThis.document = { getElementById: () => ({}) };
class HTMLInputElement {}
try {
  byId("name", HTMLInputElement);
} catch ({ message }) {
  print(message);
}
"""


def test_an_element_of_an_unexpected_type_is_reported(tmp_path: Path) -> None:
    assert run_program(tmp_path, WRONG_TYPE, None) == "#name is not of type HTMLInputElement"


EMPTY_CHART = """
import { whyEmpty } from "./history-note.js";
print(given.map(([metric, isLong]) => whyEmpty(metric, isLong)));
"""


def test_a_long_chart_without_values_says_why(tmp_path: Path) -> None:
    cases = [("engagement", True), ("engagement", False), ("excitement", True), ("excitement", False)]
    assert run_program(tmp_path, EMPTY_CHART, cases) == [
        "Messages per minute has no value in this range: viewer counts are unknown or 0.",
        "Messages per minute has no value in this range: viewer counts are unknown or 0.",
        "Excitement has no value in this range: not defined: it is computed every 10 s and stored for 48 h.",
        "Excitement has no value in this range: warming up: fewer than 10 earlier windows, or less than 95% heard now.",
    ]
