// The search for a channel by name: a list under the field that the keyboard walks, and `/` to get there.

import { reach } from "./reach.js";

const SETTLE_MS = 150;

export class Finder {
  /** `metric()` is the board that ranks are told of; `onOpen(profile)` for what was chosen. */
  constructor(form, { metric, onOpen }) {
    Object.assign(this, { form, metric, onOpen });
    this.input = form.querySelector("input[name=q]");
    this.list = form.querySelector("[role=listbox]");
    this.said = form.querySelector("[role=status]");
    this.options = [];
    this.at = -1;
    this.input.addEventListener("input", () => this.askSoon());
    this.input.addEventListener("focus", () => this.input.value.trim() && this.askSoon());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener(
      "focusout",
      ({ relatedTarget }) => form.contains(relatedTarget) || this.close(),
    );
    form.addEventListener("submit", (event) => this.open(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) =>
      this.choose(this.options.indexOf(event.target.closest("[role=option]"))),
    );
    addEventListener("keydown", (event) => this.onSlash(event));
  }

  askSoon() {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), SETTLE_MS);
  }

  async ask() {
    const text = this.input.value.trim();
    this.abort?.abort();
    if (!text) return this.close();
    this.abort = new AbortController();
    const query = new URLSearchParams({ q: text, board: this.metric() });
    try {
      const answer = await fetch(`/find.json?${query}`, { signal: this.abort.signal });
      const body = await answer.json();
      this.show(
        answer.ok ? body.channels : [],
        answer.ok ? `No tracked channel is called “${text}”.` : body.reason,
      );
    } catch (error) {
      if (error.name === "AbortError") return;
      this.show([], "Search is not responding. Try again.");
      reach.missed();
    }
  }

  show(channels, otherwise) {
    this.channels = channels;
    this.options = channels.map((channel, i) => this.option(channel, i));
    this.list.replaceChildren(...this.options);
    this.list.hidden = channels.length === 0;
    this.said.textContent = channels.length ? `${channels.length} found` : otherwise;
    this.said.className = channels.length > 0 ? "vh" : "pop";
    this.input.setAttribute("aria-expanded", String(channels.length > 0));
    this.mark(channels.length ? 0 : -1);
  }

  option({ name, category, language, said }, i) {
    const option = element("li", "");
    option.className = "found";
    option.id = `found-${i}`;
    option.setAttribute("role", "option");
    option.append(
      element("b", name),
      element("span", [category, language].filter(Boolean).join(" · ")),
      element("small", said),
    );
    return option;
  }

  mark(at) {
    this.at = at;
    this.options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", this.options[at].id);
    this.options[at]?.scrollIntoView({ block: "nearest" });
  }

  onKey(event) {
    const count = this.options.length;
    const places = { ArrowDown: (this.at + 1) % count, ArrowUp: (this.at + count - 1) % count };
    if (event.key === "Escape") {
      if (this.list.hidden && !this.said.textContent) this.input.blur();
      this.close();
    } else if (count && event.key in places) {
      event.preventDefault();
      this.mark(places[event.key]);
    }
  }

  /** Enter opens the marked channel; before anything was found the form goes to the page of the search. */
  open(event) {
    if (this.at < 0) return;
    event.preventDefault();
    this.choose(this.at);
  }

  choose(at) {
    if (at < 0) return;
    const profile = this.channels[at];
    this.input.value = "";
    this.close();
    this.input.blur();
    this.onOpen(profile);
  }

  close() {
    clearTimeout(this.asking);
    this.abort?.abort();
    this.show([], "");
  }

  onSlash(event) {
    const isTyping = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.input.focus();
    this.input.select();
  }
}

function element(tag, text) {
  const made = document.createElement(tag);
  made.textContent = text;
  return made;
}
