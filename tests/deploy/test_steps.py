"""Steps run in dependency order, in parallel where possible, and print their durations."""

import itertools
import threading
from graphlib import CycleError
from pathlib import Path

import pytest

from deploy.local.steps import Step, StepFailed, line, run_steps, tail, wait_until
from deploy.local.supervisor_client import SupervisorUnavailable


def test_a_line_contains_the_step_and_its_duration() -> None:
    assert (
        line("Kafka", "ready on 127.0.0.1:8001", 3.14) == "Kafka .................... ready on 127.0.0.1:8001 (3.1 s)"
    )


def test_each_step_prints_a_line_when_it_is_done() -> None:
    lines: list[str] = []
    run_steps([Step("Topics", lambda: "done", after=("Kafka",)), Step("Kafka", lambda: "ready")], lines.append)
    assert [text.split(" ")[0] for text in lines] == ["Kafka", "Topics"]
    assert all(text.endswith(" s)") for text in lines)


def test_independent_steps_run_in_parallel() -> None:
    barrier = threading.Barrier(2, timeout=60)

    def meet() -> str:
        barrier.wait()
        return "met"

    run_steps([Step("one", meet), Step("two", meet)], lambda _text: None)


def test_a_failure_names_the_step_and_its_log(tmp_path: Path) -> None:
    def fail() -> str:
        raise ValueError("no such port")

    lines: list[str] = []
    steps = [Step("Kafka", fail, log=tmp_path / "kafka.log"), Step("Topics", lambda: "done", after=("Kafka",))]
    with pytest.raises(StepFailed, match="Kafka: ValueError: no such port") as raised:
        run_steps(steps, lines.append)
    assert raised.value.log == tmp_path / "kafka.log"
    assert len(lines) == 1
    assert "FAILED" in lines[0]


def test_steps_that_wait_for_each_other_are_rejected_before_any_runs() -> None:
    steps = [Step("first", str), Step("one", str, after=("two",)), Step("two", str, after=("one",))]
    lines: list[str] = []
    with pytest.raises(CycleError, match=r"cycle.*'one', 'two'|cycle.*'two', 'one'"):
        run_steps(steps, lines.append)
    assert lines == []


def test_an_exception_in_the_check_ends_the_run() -> None:
    def check() -> None:
        raise SupervisorUnavailable("gone")

    may_end, ended = threading.Event(), threading.Event()

    def work() -> str:
        may_end.wait(60)
        ended.set()
        return "ready"

    with pytest.raises(SupervisorUnavailable, match="gone"):
        run_steps([Step("Kafka", work)], lambda _text: None, check=check)
    assert not ended.is_set()
    may_end.set()


def test_a_long_wait_prints_a_reminder() -> None:
    seconds, has_reminded, lines = itertools.count(0, 4), threading.Event(), list[str]()

    def echo(text: str) -> None:
        lines.append(text)
        has_reminded.set()

    step = Step("Kafka", lambda: "ready" if has_reminded.wait(60) else "late", activity="waiting for a listener")
    run_steps([step], echo, clock=lambda: float(next(seconds)))
    assert "Kafka: waiting for a listener (" in lines[0]
    assert "ready" in lines[-1]


def test_a_refused_connection_counts_as_not_ready() -> None:
    outcomes = iter((ConnectionRefusedError(), False, True))

    def ready() -> bool:
        outcome = next(outcomes)
        if isinstance(outcome, ConnectionRefusedError):
            raise outcome
        return bool(outcome)

    wait_until(ready, 5, "a response", every_s=0)


def test_a_timeout_names_the_awaited_condition() -> None:
    seconds, calls = itertools.count(), list[str]()

    def ready() -> bool:
        calls.append("not yet")
        return False

    with pytest.raises(StepFailed, match="timed out after 3 s waiting for a page"):
        wait_until(ready, 3, "a page", every_s=0, clock=lambda: float(next(seconds)))
    assert len(calls) == 2


def test_the_tail_contains_the_last_lines_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, 2) == ["98", "99"]
    assert tail(tmp_path / "none.log") == []
