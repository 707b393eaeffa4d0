"""Steps run in order, side by side where they may, and say how long they took."""

import itertools
import threading
import time
from graphlib import CycleError
from pathlib import Path

import pytest

from deploy.local.steps import Step, StepFailed, line, run_steps, tail, wait_until
from deploy.local.supervisor_client import SupervisorAway


def test_a_line_names_the_step_and_its_seconds() -> None:
    assert (
        line("Kafka", "ready on 127.0.0.1:8001", 3.14) == "Kafka .................... ready on 127.0.0.1:8001 (3.1 s)"
    )


def test_each_step_prints_one_line_when_it_is_done() -> None:
    said: list[str] = []
    run_steps([Step("Topics", lambda: "done", after=("Kafka",)), Step("Kafka", lambda: "ready")], said.append)
    assert [text.split(" ")[0] for text in said] == ["Kafka", "Topics"]
    assert all(text.endswith(" s)") for text in said)


def test_independent_steps_run_side_by_side() -> None:
    meeting = threading.Barrier(2, timeout=5)

    def meet() -> str:
        meeting.wait()
        return "met"

    run_steps([Step("one", meet), Step("two", meet)], lambda _text: None)


def test_a_failure_names_the_step_and_its_log(tmp_path: Path) -> None:
    def fail() -> str:
        raise ValueError("no such port")

    said: list[str] = []
    steps = [Step("Kafka", fail, log=tmp_path / "kafka.log"), Step("Topics", lambda: "done", after=("Kafka",))]
    with pytest.raises(StepFailed, match="Kafka: ValueError: no such port") as raised:
        run_steps(steps, said.append)
    assert raised.value.log == tmp_path / "kafka.log"
    assert len(said) == 1
    assert "FAILED" in said[0]


def test_steps_that_wait_for_each_other_are_refused_before_any_runs() -> None:
    steps = [Step("first", str), Step("one", str, after=("two",)), Step("two", str, after=("one",))]
    said: list[str] = []
    with pytest.raises(CycleError, match=r"cycle.*'one', 'two'|cycle.*'two', 'one'"):
        run_steps(steps, said.append)
    assert said == []


def test_what_the_steps_wait_for_may_be_gone() -> None:
    def look() -> None:
        raise SupervisorAway("gone")

    never = threading.Event()
    began = time.monotonic()
    with pytest.raises(SupervisorAway, match="gone"):
        run_steps([Step("Kafka", lambda: str(never.wait(20)))], lambda _text: None, look=look)
    never.set()
    assert time.monotonic() - began < 5


def test_a_long_wait_is_reminded_of_in_its_turn() -> None:
    seconds, enough, said = itertools.count(0, 4), threading.Event(), list[str]()

    def say(text: str) -> None:
        said.append(text)
        enough.set()

    step = Step("Kafka", lambda: "ready" if enough.wait(20) else "late", waits_for="a listener")
    run_steps([step], say, clock=lambda: float(next(seconds)))
    assert "Kafka: a listener (" in said[0]
    assert "ready" in said[-1]


def test_waiting_ends_when_it_is_ready_and_forgives_a_refused_connection() -> None:
    answers = iter((ConnectionRefusedError(), False, True))

    def ready() -> bool:
        answer = next(answers)
        if isinstance(answer, ConnectionRefusedError):
            raise answer
        return bool(answer)

    wait_until(ready, 5, "an answer", every_s=0)


def test_waiting_has_a_limit_and_says_what_did_not_come() -> None:
    began = time.monotonic()
    with pytest.raises(StepFailed, match="a page did not come within 0 s"):
        wait_until(lambda: False, 0.05, "a page", every_s=0.01)
    assert time.monotonic() - began < 2


def test_the_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("\n".join(map(str, range(100))))
    assert tail(log, 2) == ["98", "99"]
    assert tail(tmp_path / "none.log") == []
