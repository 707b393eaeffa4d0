// @ts-check
// The notes about old viewer counts, as frames write them, and their age.

import { age } from "./figures.js";
import { metricOf } from "./metrics.js";

/** @typedef {{ viewers: "fresh" | "stale" | "unknown", viewers_title: string, viewers_text: string }} Freshness */

export class Viewers {
  /**
   * @param {object} parts
   * @param {NodeListOf<HTMLElement>} parts.notes - each with a `<b>` and a `<span>`
   * @param {HTMLElement} parts.age
   */
  constructor({ notes, age }) {
    this.notes = notes;
    this.age = age;
    /** @type {number | null} */
    this.atMs = null;
    this.areUnknown = false;
  }

  /**
   * Show what a frame says of viewer counts.
   * @param {number | null} atMs
   * @param {Freshness} display
   */
  show(atMs, { viewers, viewers_title: title, viewers_text: text }) {
    this.atMs = atMs ?? this.atMs;
    this.areUnknown = viewers === "unknown";
    for (const note of this.notes) {
      note.hidden = viewers === "fresh";
      write(note.querySelector("b"), title);
      write(note.querySelector("span"), text);
    }
  }

  /**
   * Show how old the counts are.
   * @param {number} nowMs
   */
  update(nowMs) {
    write(this.age, age(this.atMs, nowMs));
  }

  /**
   * Say whether a board is empty because nobody's viewers are known.
   * @param {string} board
   */
  empties(board) {
    return metricOf(board).needs_viewers && this.areUnknown;
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
