// @ts-check
// The filter of an event list: all events, or those of one group.

import { all } from "./dom.js";

export class EventFilter {
  /** The chosen group, "" for all. */
  chosen = "";

  /**
   * @param {HTMLElement} filter
   * @param {() => void} onChoose
   */
  constructor(filter, onChoose) {
    filter.hidden = false;
    const buttons = all(filter, "button");
    for (const button of buttons)
      button.addEventListener("click", () => {
        this.chosen = button.dataset.group ?? "";
        for (const one of buttons) one.setAttribute("aria-pressed", String(one === button));
        onChoose();
      });
  }

  /**
   * Return whether events of a group are shown.
   * @param {string | undefined} group
   */
  includes(group) {
    return !this.chosen || group === this.chosen;
  }
}
