// @ts-check
// The connection badge and the note under it: live, reconnecting or stale, with the age of the data.

import { inside, write } from "./dom.js";
import { age } from "./figures.js";
import { reach } from "./reach.js";
import { hms, zoneAt } from "./times.js";

const STALE_AFTER_MS = 30_000;
const NOTE_AFTER_MS = 3_000;
const WORDS = {
  live: "Live",
  connecting: "Connecting",
  reconnecting: "Reconnecting",
  stale: "Stale",
  waiting: "No data yet",
};

/** @typedef {keyof typeof WORDS} State */

export class Connection {
  /**
   * @param {object} parts
   * @param {HTMLElement} parts.badge
   * @param {HTMLElement} parts.note
   * @param {() => number} parts.clock - the server's time, in ms
   * @param {() => { isOpen: boolean, tries: number, hasFrame: boolean }} parts.socket
   */
  constructor({ badge, note, clock, socket }) {
    this.badge = badge;
    this.note = note;
    this.clock = clock;
    this.socket = socket;
    /** @type {number | null} */
    this.newestEndMs = null;
    /** @type {number | null} */
    this.awaySince = null;
    this.reason = "";
  }

  /** Show and return the current state. Called once a second and on each frame. */
  update() {
    const state = this.state();
    this.badge.dataset.state = state;
    write(inside(this.badge, ".w"), WORDS[state]);
    write(inside(this.badge, ".age"), age(this.newestEndMs, this.clock()));
    this.updateNote(state);
    return state;
  }

  /** @returns {State} */
  state() {
    const { isOpen, tries, hasFrame } = this.socket();
    this.awaySince = isOpen ? null : (this.awaySince ?? this.clock());
    if (this.newestEndMs && this.clock() - this.newestEndMs > STALE_AFTER_MS) return "stale";
    if (isOpen && hasFrame) return this.newestEndMs ? "live" : "waiting";
    return tries > 0 || hasFrame ? "reconnecting" : "connecting";
  }

  /** @param {State} state */
  updateNote(state) {
    const [strong, text] = this.words(state);
    this.note.hidden = !strong;
    this.note.classList.toggle("bad", state === "stale");
    this.note.classList.toggle("warn", state !== "stale");
    write(inside(this.note, "b"), strong);
    write(inside(this.note, "span"), text);
  }

  /**
   * Return the bold and the plain text of the note.
   * @param {State} state
   */
  words(state) {
    if (state === "stale")
      return [`No new data for ${age(this.newestEndMs, this.clock())}.`, this.lastDataText()];
    if (this.reason) return [this.reason, ""];
    const isLong = this.awaySince !== null && this.clock() - this.awaySince > NOTE_AFTER_MS;
    // The offline bar at the bottom of the page gives the reason.
    if (reach.isAway) return ["", ""];
    if (state === "reconnecting" && isLong)
      return [`Reconnecting, attempt ${this.socket().tries}.`, this.lastDataText()];
    return ["", ""];
  }

  lastDataText() {
    if (!this.newestEndMs) return "No data received yet. Retrying…";
    const newest = `${hms(this.newestEndMs)} ${zoneAt(this.newestEndMs)}`;
    return `Showing the last data from ${newest}. Updates resume automatically.`;
  }
}
