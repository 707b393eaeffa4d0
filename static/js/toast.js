// @ts-check
// A toast about the last action, with an undo button.

import { inside, insideOf } from "./dom.js";

const STAYS_MS = 10_000;

export class Toast {
  /** @type {number | undefined} */
  leaving;
  /** @type {(() => Promise<void>) | null} */
  undo = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.status = inside(root, "[role=status]");
    this.button = insideOf(root, "button", HTMLButtonElement);
    this.button.addEventListener("click", () => this.undone());
  }

  /**
   * Show `text`; with `undo`, the toast has an undo button.
   * @param {string} text
   * @param {(() => Promise<void>) | null} [undo]
   */
  say(text, undo = null) {
    this.undo = undo;
    this.root.classList.add("is-shown");
    this.button.hidden = !undo;
    this.status.textContent = text;
    this.stay();
  }

  /** Stay visible while the pointer or the focus is on the toast. */
  stay() {
    clearTimeout(this.leaving);
    this.leaving = setTimeout(
      () => (this.root.matches(":hover, :focus-within") ? this.stay() : this.leave()),
      STAYS_MS,
    );
  }

  leave() {
    this.root.classList.remove("is-shown");
    this.button.hidden = true;
    this.status.textContent = "";
  }

  async undone() {
    try {
      await this.undo?.();
      this.say("Undone.");
    } catch (error) {
      this.say(error instanceof Error ? error.message : String(error));
    }
  }
}
