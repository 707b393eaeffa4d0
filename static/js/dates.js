// @ts-check
// The controls above the chart: metric, dates, and the buttons that zoom and pan.

import { hrefOf, isPlainClick } from "./address.js";
import { $, byId, closest } from "./dom.js";
import { reach } from "./reach.js";
import { chosen, quickPicks, spanOf, writtenFields } from "./span.js";
import { fieldValue } from "./times.js";

/** @typedef {import("./span.js").Move} Move */

/** @type {Map<string, Move>} */
const MOVES = new Map([
  ["ArrowLeft", "earlier"],
  ["ArrowRight", "later"],
  ["ArrowUp", "in"],
  ["ArrowDown", "out"],
]);

export class Dates {
  form = byId("dates", HTMLFormElement);
  metric = byId("metric", HTMLSelectElement);
  from = byId("from", HTMLInputElement);
  until = byId("until", HTMLInputElement);
  live = byId("live", HTMLAnchorElement);
  buttons = [...$("zoom").querySelectorAll("button")];
  picks = [...$("picks").querySelectorAll("a")];

  /**
   * @param {object} options
   * @param {Choice} options.choice
   * @param {() => number} options.clock - returns the current time, in ms
   * @param {(changes: Changes) => void} options.onChoose
   * @param {(move: Move) => void} options.onMove
   */
  constructor({ choice, clock, onChoose, onMove }) {
    this.choice = choice;
    this.clock = clock;
    this.onChoose = onChoose;
    $("zoom").hidden = false;
    this.metric.addEventListener("change", () => onChoose({ metric: this.metric.value }));
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("focusin", () => this.#renew());
    for (const element of [$("picks"), this.live])
      element.addEventListener("click", (event) => this.#follow(event));
    for (const button of this.buttons)
      button.addEventListener("click", () => onMove(moveOf(button)));
    $("zoom").addEventListener("keydown", (event) => this.#onKey(event, onMove));
  }

  /**
   * Show the current choice.
   * @param {Choice} choice
   * @param {string} metric - the charted metric
   */
  show(choice, metric) {
    this.mark(choice, metric);
    this.#say("");
  }

  /**
   * Write the choice into the controls, and keep any message about invalid dates.
   * @param {Choice} choice
   * @param {string} metric - the charted metric
   */
  mark(choice, metric) {
    this.choice = choice;
    const span = spanOf(choice);
    this.metric.value = metric;
    this.live.hidden = !span;
    this.live.href = hrefOf({ ...choice, ...chosen(null) });
    this.from.value = span ? fieldValue(span.fromMs) : "";
    this.until.value = span ? fieldValue(span.untilMs) : "";
    this.#renew();
  }

  /** Update the quick picks and the latest date, because the page may stay open for days. */
  #renew() {
    this.from.max = this.until.max = fieldValue(this.clock());
    quickPicks(this.clock()).forEach((span, i) => {
      this.picks[i].href = hrefOf({ ...this.choice, ...chosen(span) });
    });
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    const { choice } = this;
    const [from, until] = [this.from.value, this.until.value];
    const span = writtenFields(from, until, spanOf(choice));
    const reason = from || until ? await refusal(span) : "";
    // The user may have changed the dates meanwhile.
    if (this.choice !== choice) return;
    this.#say(reason);
    if (!reason) this.onChoose(span);
  }

  /** @param {MouseEvent} event */
  #follow(event) {
    const link = closest(event, "a", HTMLAnchorElement);
    if (!link || !isPlainClick(event)) return;
    event.preventDefault();
    const query = new URL(link.href).searchParams;
    this.onChoose({ from: query.get("from") ?? "", until: query.get("until") ?? "" });
  }

  /** @param {string} reason */
  #say(reason) {
    $("dates-wrong").textContent = reason;
    for (const input of [this.from, this.until]) {
      if (reason) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  /**
   * In the button row, the left and right arrow keys pan; up and down zoom.
   * @param {KeyboardEvent} event
   * @param {(move: Move) => void} onMove
   */
  #onKey(event, onMove) {
    const move = MOVES.get(event.key);
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.buttons.find((button) => moveOf(button) === move)?.focus();
    onMove(move);
  }
}

/** @param {HTMLButtonElement} button */
const moveOf = (button) => /** @type {Move} */ (button.dataset.move);

/**
 * Return the reason why a span cannot be charted, or "" if it can.
 * @param {Pick<Choice, "from" | "until">} span
 * @returns {Promise<string>}
 */
async function refusal(span) {
  try {
    const response = await fetch(`/span.json?${new URLSearchParams(span)}`);
    return (await response.json()).reason;
  } catch {
    reach.missed();
    return "The dates could not be checked. Try again.";
  }
}
