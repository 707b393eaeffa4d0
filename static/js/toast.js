// @ts-check
// What has just been done, told for a while above the page, with a way to undo it.

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
    this.said = inside(root, "[role=status]");
    this.button = insideOf(root, "button", HTMLButtonElement);
    this.button.addEventListener("click", () => this.undone());
  }

  /**
   * Tell `text`; with `undo` it can be undone while it is told.
   * @param {string} text
   * @param {(() => Promise<void>) | null} [undo]
   */
  say(text, undo = null) {
    this.undo = undo;
    this.root.classList.add("is-shown");
    this.button.hidden = !undo;
    this.said.textContent = text;
    this.stay();
  }

  /** Nobody loses the button that they are about to press. */
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
    this.said.textContent = "";
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
