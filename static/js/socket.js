// @ts-check
// The live socket: says what the page subscribes to, connects again by itself, and rests while nobody looks.

import { constants } from "./constants.js";
import { reach } from "./reach.js";

const BACKOFF_FIRST_MS = 500;
const BACKOFF_MAX_MS = 15_000;
// A connection that broke without a word looks open for ever; a frame is due in this time.
const SILENCE_MS = 30_000;
// Who walks through boards with a key held down asks for the last of them.
const SETTLE_MS = 500;

/** The address of the live socket of this site. */
export const liveUrl = () =>
  `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`;

/**
 * @typedef {{ kind: "board", metric: string, size: number } & Record<Filter, string>} BoardRequest
 * @typedef {{ kind: "channels", channels: string[] }} ChannelsRequest
 */

export class LiveSocket {
  /** @type {Map<string, { id: string, request: BoardRequest | ChannelsRequest, onFrame: (frame: BoardFrame & ChannelsFrame) => void }>} */
  subscriptions = new Map();
  /** @type {Map<string, string>} */
  sent = new Map();
  /** @type {WebSocket | null} */
  socket = null;
  hasRested = false;
  /** @type {number | null} */
  settling = null;
  /** @type {number | undefined} */
  silence;
  /** @type {number | undefined} */
  again;

  /**
   * @param {string} url
   * @param {object} handlers
   * @param {(reason: string) => void} handlers.onError - for what was not understood or not found
   * @param {() => void} handlers.onSignedOut - when the session has ended
   * @param {() => void} handlers.onReturn - when the socket is open again
   */
  constructor(url, { onError, onSignedOut, onReturn }) {
    this.url = url;
    this.handlers = { onError, onSignedOut, onReturn };
    this.requests = 0;
    this.tries = 0;
    this.isOpen = false;
    addEventListener("online", () => this.connectNow());
    reach.onChange((isAway) => (isAway ? this.leave() : this.connectNow()));
    document.addEventListener("visibilitychange", () =>
      document.hidden ? this.rest() : this.connectNow(),
    );
    if (!document.hidden) this.connect();
  }

  /**
   * Subscribe under a name, in place of the previous subscription of that name.
   * @param {string} name
   * @param {BoardRequest | ChannelsRequest} request
   * @param {((frame: BoardFrame) => void) | ((frame: ChannelsFrame) => void)} onFrame - by the kind of the request
   */
  subscribe(name, request, onFrame) {
    this.requests += 1;
    this.subscriptions.set(name, { id: `${name}-${this.requests}`, request, onFrame });
    this.tellSoon();
  }

  /** Say at once what changed, and what changes further after a while. */
  tellSoon() {
    if (!this.isOpen || this.settling) return;
    this.tell();
    this.settling = setTimeout(() => {
      this.settling = null;
      if (this.isOpen) this.tell();
    }, SETTLE_MS);
  }

  tell() {
    for (const [name, id] of this.sent) {
      if (this.subscriptions.get(name)?.id === id) continue;
      this.say({ type: "unsubscribe", id });
      this.sent.delete(name);
    }
    for (const [name, { id, request }] of this.subscriptions) {
      if (this.sent.get(name) === id) continue;
      this.say({ type: "subscribe", id, ...request });
      this.sent.set(name, id);
    }
  }

  /** @param {object} frame */
  say(frame) {
    this.socket?.send(JSON.stringify(frame));
  }

  connect() {
    // It is connected again as soon as the server answers.
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
    this.tell();
    if (this.tries > 0 || this.hasRested) this.handlers.onReturn();
    this.hasRested = false;
  }

  /** @param {string} text */
  received(text) {
    this.tries = 0;
    this.expectFrame();
    const frame = JSON.parse(text);
    if (frame.type === "error") this.handlers.onError(frame.reason);
    // A frame of a subscription that has been replaced may still be on its way.
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
    if (!document.hidden) reach.look();
    const longest = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** this.tries);
    this.tries += 1;
    this.again = setTimeout(() => this.connect(), longest * (0.5 + Math.random() / 2));
  }

  connectNow() {
    if (document.hidden || this.isOpen || this.socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.again);
    this.connect();
  }

  /** Let go of the connection while the page is hidden; it comes back with fresh snapshots. */
  rest() {
    this.hasRested = true;
    clearTimeout(this.again);
    this.letGo();
  }

  /** The server is away: what still looks open is not. */
  leave() {
    if (this.isOpen) this.drop();
  }

  letGo() {
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
    this.letGo();
    this.closed(0);
  }
}
