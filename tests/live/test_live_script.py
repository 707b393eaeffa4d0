"""static/js/socket.js in Node with a fake browser: the messages it sends and the frames it handles."""

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
  constructor() { this.sent = []; this.readyState = 0; sockets.push(this); }
  send(text) { this.sent.push(JSON.parse(text)); }
  close() { this.isClosed = true; }
  open() { this.readyState = 1; this.onopen(); }
};
const fire = (timer) => { const { run } = timer; timer.run = null; run(); };
const pass = (ms) => timers.filter((timer) => timer.ms === ms && timer.run).forEach(fire);
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


def run_in_browser(tmp_path: Path, program: str) -> Any:
    return run_program(tmp_path, BROWSER + program, None)


def test_subscriptions_are_sent_on_open_and_again_after_a_reconnect(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        watch("a", "viewers"); watch("b", "spam");
        sockets[0].open();
        sockets[0].onclose({ code: 1006 });
        listeners.online(); sockets[1].open();
        print([sockets.map(({ sent }) => sent.map(({ type, id, metric }) => [type, id, metric])), returns]);
        """,
    )
    requests = [["subscribe", "a-1", "viewers"], ["subscribe", "b-2", "spam"]]
    assert result == [[requests, requests], 1]


def test_rapid_changes_send_only_the_first_and_last_subscription(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        sockets[0].open();
        for (const metric of ["viewers", "messages", "spam", "emotes"]) watch("a", metric);
        const before = sockets[0].sent.length;
        pass(500);
        print([before, sockets[0].sent.map(({ type, id, metric }) => [type, id, metric ?? null])]);
        """,
    )
    assert result == [
        1,
        [["subscribe", "a-1", "viewers"], ["unsubscribe", "a-1", None], ["subscribe", "a-4", "emotes"]],
    ]


def test_frames_of_a_replaced_subscription_are_ignored(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open(); watch("a", "spam");
        frame(sockets[0], { type: "push", id: "a-1" });
        frame(sockets[0], { type: "snapshot", id: "a-2" });
        frame(sockets[0], { type: "error", id: null, reason: "no" });
        print(heard);
        """,
    )
    assert result == ["a-2", "no"]


def test_a_hidden_page_closes_its_socket_and_reopens_it_when_visible(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open();
        hide(true);
        frame(sockets[0], { type: "push", id: "a-1" });
        listeners.online();
        const hidden = [sockets.length, sockets[0].isClosed, live.isOpen];
        hide(false); sockets[1].open();
        print([hidden, sockets[1].sent.map(({ id }) => id), heard, returns]);
        """,
    )
    assert result == [[1, True, False], ["a-1"], [], 1]


def test_a_silent_socket_is_replaced(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        watch("a", "viewers"); sockets[0].open(); pass(30000);
        const again = timers.at(-1); again.run();
        print([sockets[0].isClosed, sockets.length, live.tries]);
        """,
    )
    assert result == [True, 2, 1]


def test_an_ended_session_is_reported_and_stops_reconnecting(tmp_path: Path) -> None:
    result = run_in_browser(
        tmp_path,
        """
        sockets[0].open(); sockets[0].onclose({ code: 4401 });
        timers.forEach(({ run }) => run?.());
        print([heard, sockets.length]);
        """,
    )
    assert result == [["out"], 1]
