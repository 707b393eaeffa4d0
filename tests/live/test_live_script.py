"""The page's end of the live socket, in node with a made-up browser: what it says, and what it listens to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.dashboard.page_script import run_program

BROWSER = """
const listeners = {};
const timers = [];
const sockets = [];
globalThis.addEventListener = (name, listener) => (listeners[name] = listener);
globalThis.document = { hidden: false, addEventListener: (name, listener) => (listeners[name] = listener) };
globalThis.setTimeout = (run, ms) => timers.push({ run, ms });
globalThis.clearTimeout = (id) => id && (timers[id - 1].run = null);
globalThis.WebSocket = class {
  static CONNECTING = 0;
  constructor() { this.said = []; this.readyState = 0; sockets.push(this); }
  send(text) { this.said.push(JSON.parse(text)); }
  close() { this.isClosed = true; }
  open() { this.readyState = 1; this.onopen(); }
};
const fire = (one) => { const { run } = one; one.run = null; run(); };
const pass = (ms) => timers.filter((one) => one.ms === ms && one.run).forEach(fire);
const hide = (hidden) => { document.hidden = hidden; listeners.visibilitychange(); };
const { LiveSocket } = await import("./socket.js");
const heard = [];
let returns = 0;
const live = new LiveSocket("ws://here/live", {
  onError: (reason) => heard.push(reason), onSignedOut: () => heard.push("out"), onReturn: () => (returns += 1),
});
const frame = (socket, fields) => socket.onmessage({ data: JSON.stringify(fields) });
const watch = (name, metric) => live.subscribe(name, { kind: "board", metric }, ({ id }) => heard.push(id));
"""


def ran(tmp_path: Path, program: str) -> Any:
    return run_program(tmp_path, BROWSER + program, None)


def test_wishes_are_said_when_the_socket_opens_and_again_after_a_loss(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        watch("a", "viewers"); watch("b", "spam");
        sockets[0].open();
        sockets[0].onclose({ code: 1006 });
        listeners.online(); sockets[1].open();
        print([sockets.map(({ said }) => said.map(({ type, id, metric }) => [type, id, metric])), returns]);
        """,
    )
    wishes = [["subscribe", "a-1", "viewers"], ["subscribe", "b-2", "spam"]]
    assert said == [[wishes, wishes], 1]


def test_who_changes_quickly_says_the_first_and_the_last(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        sockets[0].open();
        for (const metric of ["viewers", "messages", "spam", "emotes"]) watch("a", metric);
        const before = sockets[0].said.length;
        pass(500);
        print([before, sockets[0].said.map(({ type, id, metric }) => [type, id, metric ?? null])]);
        """,
    )
    assert said == [1, [["subscribe", "a-1", "viewers"], ["unsubscribe", "a-1", None], ["subscribe", "a-4", "emotes"]]]


def test_frames_of_a_replaced_wish_are_not_heard(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open(); watch("a", "spam");
        frame(sockets[0], { type: "push", id: "a-1" });
        frame(sockets[0], { type: "snapshot", id: "a-2" });
        frame(sockets[0], { type: "error", id: null, reason: "no" });
        print(heard);
        """,
    )
    assert said == ["a-2", "no"]


def test_a_hidden_page_has_no_socket_and_a_shown_one_begins_anew(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open();
        hide(true);
        frame(sockets[0], { type: "push", id: "a-1" });
        listeners.online();
        const hidden = [sockets.length, sockets[0].isClosed, live.isOpen];
        hide(false); sockets[1].open();
        print([hidden, sockets[1].said.map(({ id }) => id), heard, returns]);
        """,
    )
    assert said == [[1, True, False], ["a-1"], [], 1]


def test_a_socket_that_says_nothing_is_given_up_for_another(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open(); pass(30000);
        const again = timers.at(-1); again.run();
        print([sockets[0].isClosed, sockets.length, live.tries]);
        """,
    )
    assert said == [True, 2, 1]


def test_an_ended_session_is_told_and_nothing_connects_again(tmp_path: Path) -> None:
    said = ran(
        tmp_path,
        """
        sockets[0].open(); sockets[0].onclose({ code: 4401 });
        timers.forEach(({ run }) => run?.());
        print([heard, sockets.length]);
        """,
    )
    assert said == [["out"], 1]
