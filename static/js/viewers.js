// @ts-check
// The notes about old viewer counts, as frames write them, and the age of the counts.

import { all, inside, write } from "./dom.js";
import { age } from "./figures.js";
import { metricOf } from "./metrics.js";

export class Viewers {
  /** @type {number | null} */
  #atMs = null;
  #areUnknown = false;
  #notes = all(document, "[data-viewers-note]");
  #age;

  /** @param {HTMLElement} ageElement */
  constructor(ageElement) {
    this.#age = ageElement;
  }

  /**
   * Show what a frame says of viewer counts.
   * @param {Pick<Frame, "viewers_at_ms" | "display">} frame
   */
  show({ viewers_at_ms: atMs, display }) {
    this.#atMs = atMs ?? this.#atMs;
    this.#areUnknown = display.viewers === "unknown";
    for (const note of this.#notes) {
      note.hidden = display.viewers === "fresh";
      write(inside(note, "b"), display.viewers_title);
      write(inside(note, "span"), display.viewers_text);
    }
  }

  /**
   * Show how old the counts are.
   * @param {number} nowMs
   */
  update(nowMs) {
    write(this.#age, age(this.#atMs, nowMs));
  }

  /**
   * Tell whether a board is empty because nobody's viewers are known.
   * @param {string} board
   */
  empties(board) {
    return metricOf(board).needs_viewers && this.#areUnknown;
  }
}
