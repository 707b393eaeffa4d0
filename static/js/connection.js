// The connection badge and the note under it: live, reconnecting or stale, with the age of the data.

import { age } from "./figures.js";
import { reach } from "./reach.js";
import { hms, ZONE } from "./times.js";

const STALE_AFTER_MS = 30_000;
const NOTE_AFTER_MS = 3_000;
const WORDS = {
  live: "Live",
  connecting: "Connecting",
  reconnecting: "Reconnecting",
  stale: "Stale",
  waiting: "No data yet",
};

export class Connection {
  /** `clock()` is the server's time; `socket()` tells `isOpen` and `tries`. */
  constructor({ badge, note, clock, socket }) {
    Object.assign(this, { badge, note, clock, socket });
    this.newestEndMs = null;
    this.awaySince = null;
    this.reason = "";
  }

  /** Return how it stands now, and show it. Called once a second and on each frame. */
  update() {
    const state = this.state();
    this.badge.dataset.state = state;
    write(this.badge.querySelector(".w"), WORDS[state]);
    write(this.badge.querySelector(".age"), age(this.newestEndMs, this.clock()));
    this.updateNote(state);
    return state;
  }

  state() {
    const { isOpen, tries, hasFrame } = this.socket();
    this.awaySince = isOpen ? null : (this.awaySince ?? this.clock());
    if (this.newestEndMs && this.clock() - this.newestEndMs > STALE_AFTER_MS) return "stale";
    if (isOpen && hasFrame) return this.newestEndMs ? "live" : "waiting";
    return tries > 0 || hasFrame ? "reconnecting" : "connecting";
  }

  updateNote(state) {
    const [strong, text] = this.words(state);
    this.note.hidden = !strong;
    this.note.classList.toggle("bad", state === "stale");
    this.note.classList.toggle("warn", state !== "stale");
    write(this.note.querySelector("b"), strong);
    write(this.note.querySelector("span"), text);
  }

  words(state) {
    if (state === "stale")
      return [`No new data for ${age(this.newestEndMs, this.clock())}.`, this.standing()];
    if (this.reason) return [this.reason, ""];
    const isLong = this.awaySince !== null && this.clock() - this.awaySince > NOTE_AFTER_MS;
    // What stands at the foot of the page says why, and more.
    if (reach.isAway) return ["", ""];
    if (state === "reconnecting" && isLong)
      return [`Reconnecting, try ${this.socket().tries}.`, this.standing()];
    return ["", ""];
  }

  standing() {
    if (!this.newestEndMs) return "No data received yet. Retrying…";
    return `Showing the last data from ${hms(this.newestEndMs)} ${ZONE}. Updates resume automatically.`;
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
