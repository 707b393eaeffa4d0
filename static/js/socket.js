// @ts-check
// The live socket: sends the page's subscriptions, reconnects automatically, and disconnects while the page is hidden.

import { constants } from "./constants.js";
import { reach } from "./reach.js";

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
// A half-open connection never reports its end, so it is dropped if no frame arrives within this time.
const SILENCE_MS = 30_000;
// While an arrow key is held down, boards change quickly; only the last one is subscribed to.
const SETTLE_MS = 500;

/** The URL of this site's live socket. */
export const liveUrl = () =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`;

/**
 * @typedef {{ kind: "board", metric: string, window: string, size: number } & Record<Filter, string>} BoardRequest
 * @typedef {{ kind: "channels", channels: string[] }} ChannelsRequest
 */

export class LiveSocket {
  /** @type {Map<string, { id: string, request: BoardRequest | ChannelsRequest, onFrame: (frame: BoardFrame & ChannelsFrame) => void }>} */
  subscriptions = new Map();
  /** @type {Map<string, string>} */
  sent = new Map();
  /** @type {WebSocket | null} */
  socket = null;
  wasPaused = false;
  /** @type {number | null} */
  settling = null;
  /** @type {number | undefined} */
  silence;
  /** @type {number | undefined} */
  retryTimer;

  /**
   * @param {string} url
   * @param {object} handlers
   * @param {(reason: string) => void} handlers.onError - called with the reason given in an error frame
   * @param {() => void} handlers.onSignedOut - called when the session has ended
   * @param {() => void} handlers.onReturn - called when the socket is open again
   */
  constructor(url, { onError, onSignedOut, onReturn }) {
    this.url = url;
    this.handlers = { onError, onSignedOut, onReturn };
    this.requests = 0;
    this.tries = 0;
    this.isOpen = false;
    addEventListener("online", () => this.connectNow());
    reach.onChange((isAway) => (isAway ? this.dropIfOpen() : this.connectNow()));
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.pause() : this.connectNow(),
    );
    if (!document.hidden) this.connect();
  }

  /**
   * Subscribe under a name; a previous subscription with that name is replaced.
   * @param {string} name
   * @param {BoardRequest | ChannelsRequest} request
   * @param {((frame: BoardFrame) => void) | ((frame: ChannelsFrame) => void)} onFrame - its argument depends on the kind of the request
   */
  subscribe(name, request, onFrame) {
    this.requests += 1;
    this.subscriptions.set(name, { id: `${name}-${this.requests}`, request, onFrame });
    this.syncSoon();
  }

  /** Send changed subscriptions at once, and further changes after a delay. */
  syncSoon() {
    if (!this.isOpen || this.settling) return;
    this.sync();
    this.settling = setTimeout(() => {
      this.settling = null;
      if (this.isOpen) this.sync();
    }, SETTLE_MS);
  }

  sync() {
    for (const [name, id] of this.sent) {
      if (this.subscriptions.get(name)?.id === id) continue;
      this.send({ type: "unsubscribe", id });
      this.sent.delete(name);
    }
    for (const [name, { id, request }] of this.subscriptions) {
      if (this.sent.get(name) === id) continue;
      this.send({ type: "subscribe", id, ...request });
      this.sent.set(name, id);
    }
  }

  /** @param {object} frame */
  send(frame) {
    this.socket?.send(JSON.stringify(frame));
  }

  connect() {
    // `reach` reconnects as soon as the server responds.
    if (reach.isAway) return;
    const socket = new WebSocket(this.url);
    this.socket = socket;
    socket.onopen = () => this.socket === socket && this.opened();
    socket.onmessage = (event) => this.socket === socket && this.received(event.data);
    socket.onclose = (event) => this.socket === socket && this.closed(event.code);
    this.expectFrame();
  }

  opened() {
    this.isOpen = true;
    this.sent.clear();
    this.sync();
    if (this.tries > 0 || this.wasPaused) this.handlers.onReturn();
    this.wasPaused = false;
  }

  /** @param {string} text */
  received(text) {
    this.tries = 0;
    this.expectFrame();
    const frame = JSON.parse(text);
    if (frame.type === "error") this.handlers.onError(frame.reason);
    // A frame of a replaced subscription may still arrive.
    else
      for (const { id, onFrame } of this.subscriptions.values())
        if (id === frame.id) onFrame(frame);
  }

  /** @param {number} code */
  closed(code) {
    this.isOpen = false;
    clearTimeout(this.silence);
    if (code === constants.not_signed_in) {
      this.handlers.onSignedOut();
      return;
    }
    if (!document.hidden) reach.check();
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.tries);
    this.tries += 1;
    this.retryTimer = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  connectNow() {
    if (document.hidden || this.isOpen || this.socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.retryTimer);
    this.connect();
  }

  /** Disconnect while the page is hidden; reconnecting brings new snapshots. */
  pause() {
    this.wasPaused = true;
    clearTimeout(this.retryTimer);
    this.disconnect();
  }

  /** Drop a connection that seems open although the server is unreachable. */
  dropIfOpen() {
    if (this.isOpen) this.drop();
  }

  disconnect() {
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    clearTimeout(this.silence);
    socket?.close();
  }

  expectFrame() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.drop(), SILENCE_MS);
  }

  drop() {
    this.disconnect();
    this.closed(0);
  }
}
