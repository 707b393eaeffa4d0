// The live socket: says what the page watches, connects again by itself, and tells how it stands.

const NOT_SIGNED_IN = 4401;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
// A connection that broke without a word looks open for ever; a snapshot is due in this time.
const SILENCE_MS = 30_000;

export class LiveSocket {
  /** `onFrame(frame)` for each frame; `onSignedOut()` when the session has ended. */
  constructor(url, { onFrame, onSignedOut, onReturn }) {
    this.url = url;
    this.handlers = { onFrame, onSignedOut, onReturn };
    this.wanted = null;
    this.tries = 0;
    this.isOpen = false;
    addEventListener("online", () => this.connectNow());
    document.addEventListener("visibilitychange", () => document.hidden || this.connectNow());
    this.connect();
  }

  /** Watch a board and perhaps a channel; said again after each reconnection. */
  watch(board, channel) {
    this.wanted = JSON.stringify({ type: "watch", board, channel });
    if (this.isOpen) this.socket.send(this.wanted);
  }

  connect() {
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.opened();
    socket.onmessage = (event) => this.received(event.data);
    socket.onclose = (event) => this.socket === socket && this.closed(event.code);
    this.expectFrame();
  }

  opened() {
    this.isOpen = true;
    if (this.wanted) this.socket.send(this.wanted);
    if (this.tries > 0) this.handlers.onReturn();
  }

  received(text) {
    this.tries = 0;
    this.expectFrame();
    this.handlers.onFrame(JSON.parse(text));
  }

  closed(code) {
    this.isOpen = false;
    clearTimeout(this.silence);
    if (code === NOT_SIGNED_IN) {
      this.handlers.onSignedOut();
      return;
    }
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.tries);
    this.tries += 1;
    this.again = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  connectNow() {
    if (this.isOpen || this.socket.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.again);
    this.connect();
  }

  expectFrame() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.drop(), SILENCE_MS);
  }

  drop() {
    const socket = this.socket;
    this.socket = { readyState: WebSocket.CLOSED };
    socket.close();
    this.closed(0);
  }
}
