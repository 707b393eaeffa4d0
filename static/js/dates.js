// The controls above the chart: which metric, which dates, and the buttons that zoom and pan.

import { hrefOf, isPlainClick } from "./address.js";
import { reach } from "./reach.js";
import { chosen, quickPicks, spanOf, writtenFields } from "./span.js";
import { fieldValue } from "./times.js";

const $ = (id) => document.getElementById(id);

export class Dates {
  /** `onChoose(changes of the choice)`, `onMove("in" | "out" | "earlier" | "later")`; `clock()` in ms. */
  constructor({ clock, onChoose, onMove }) {
    Object.assign(this, {
      clock,
      onChoose,
      form: $("dates"),
      buttons: [...$("zoom").children],
    });
    $("zoom").hidden = false;
    $("metric").addEventListener("change", () => onChoose({ metric: $("metric").value }));
    this.form.addEventListener("submit", (event) => this.submit(event));
    this.form.addEventListener("focusin", () => this.renew());
    $("picks").addEventListener("click", (event) => this.follow(event));
    $("live").addEventListener("click", (event) => this.follow(event));
    $("zoom").addEventListener("click", ({ target }) => {
      const button = target.closest("[data-move]");
      if (button) onMove(button.dataset.move);
    });
    $("zoom").addEventListener("keydown", (event) => this.onKey(event, onMove));
  }

  /** Show what is chosen: `metric` is the one that is charted. */
  show(choice, metric) {
    this.choice = choice;
    const span = spanOf(choice);
    $("metric").value = metric;
    $("live").hidden = !span;
    $("live").href = hrefOf({ ...choice, ...chosen(null) });
    this.form.elements.from.value = span ? fieldValue(span.fromMs) : "";
    this.form.elements.until.value = span ? fieldValue(span.untilMs) : "";
    this.say("");
    this.renew();
  }

  /** Quick picks and the latest date move on with the clock, also on a page that is left open. */
  renew() {
    const latest = fieldValue(this.clock());
    for (const input of [this.form.elements.from, this.form.elements.until]) input.max = latest;
    quickPicks(this.clock()).forEach((span, i) => {
      const link = $("picks").children[i].firstElementChild;
      link.href = hrefOf({ ...this.choice, ...chosen(span) });
    });
  }

  async submit(event) {
    event.preventDefault();
    const [from, until] = [this.form.elements.from.value, this.form.elements.until.value];
    const { choice } = this;
    const span = writtenFields(from, until, spanOf(choice));
    const reason = from || until ? await refusal(span) : "";
    // Other dates may have been chosen meanwhile.
    if (this.choice !== choice) return;
    this.say(reason);
    if (!reason) this.onChoose(span);
  }

  follow(event) {
    const link = event.target.closest("a");
    if (!link || !isPlainClick(event)) return;
    event.preventDefault();
    const query = new URL(link.href).searchParams;
    this.onChoose({ from: query.get("from"), until: query.get("until") });
  }

  say(reason) {
    $("dates-wrong").textContent = reason;
    for (const input of [this.form.elements.from, this.form.elements.until]) {
      if (reason) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  /** In the row of buttons, left and right go through time, up and down zoom. */
  onKey(event, onMove) {
    const move = { ArrowLeft: "earlier", ArrowRight: "later", ArrowUp: "in", ArrowDown: "out" }[
      event.key
    ];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.buttons.find((button) => button.dataset.move === move).focus();
    onMove(move);
  }
}

/** Why no chart can show a span, "" where one can. */
async function refusal(span) {
  try {
    const answer = await fetch(`/span.json?${new URLSearchParams(span)}`);
    return answer.ok ? "" : (await answer.json()).reason;
  } catch {
    reach.missed();
    return "The dates could not be checked. Try again.";
  }
}
