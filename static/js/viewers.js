// @ts-check
// Shows the age of the viewer counts, and a notice when frames report that they are outdated.

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
   * Show the state of viewer counts in a frame.
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
   * Show the age of the counts.
   * @param {number} nowMs
   */
  update(nowMs) {
    write(this.#age, age(this.#atMs, nowMs));
  }

  /**
   * Return whether a board is empty because no viewer counts are known.
   * @param {string} board
   */
  isMissingFor(board) {
    return metricOf(board).needs_viewers && this.#areUnknown;
  }
}
