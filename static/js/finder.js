// @ts-check
// Channel search: a list under the field with keyboard navigation, and `/` to focus the field.

import { closest, inside, insideOf } from "./dom.js";
import { reach } from "./reach.js";

const SETTLE_MS = 150;

export class Finder {
  /** @type {Hit[]} */
  channels = [];
  /** @type {HTMLElement[]} */
  options = [];
  at = -1;
  /** @type {number | undefined} */
  timer;
  /** @type {AbortController | null} */
  abort = null;

  /**
   * @param {HTMLFormElement} form
   * @param {object} options
   * @param {boolean} [options.hasShortcut] - whether `/` moves the focus to the field
   * @param {() => Record<string, string>} options.board - the parameters of the board whose ranks are shown
   * @param {(profile: Profile) => void} options.onOpen - called with the chosen channel
   */
  constructor(form, { board, onOpen, hasShortcut = true }) {
    this.board = board;
    this.onOpen = onOpen;
    this.input = insideOf(form, "input[name=q]", HTMLInputElement);
    this.list = inside(form, "[role=listbox]");
    this.status = inside(form, "[role=status]");
    this.input.addEventListener("input", () => this.searchSoon());
    this.input.addEventListener("focus", () => this.input.value.trim() && this.searchSoon());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    form.addEventListener(
      "focusout",
      ({ relatedTarget }) =>
        (relatedTarget instanceof Node && form.contains(relatedTarget)) || this.close(),
    );
    form.addEventListener("submit", (event) => this.open(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.list.addEventListener("click", ({ target }) =>
      this.choose(
        this.options.findIndex((option) => target instanceof Node && option.contains(target)),
      ),
    );
    if (hasShortcut) addEventListener("keydown", (event) => this.onSlash(event));
  }

  searchSoon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.search(), SETTLE_MS);
  }

  async search() {
    const text = this.input.value.trim();
    this.abort?.abort();
    if (!text) return this.close();
    this.abort = new AbortController();
    const query = new URLSearchParams({ q: text, ...this.board() });
    try {
      const response = await fetch(`/find.json?${query}`, { signal: this.abort.signal });
      const body = await response.json();
      this.show(
        response.ok ? body.channels : [],
        response.ok ? `No tracked channels match “${text}”.` : body.reason,
      );
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.show([], "Search is not responding. Try again.");
      reach.missed();
    }
  }

  /**
   * @param {Hit[]} channels
   * @param {string} otherwise
   */
  show(channels, otherwise) {
    this.channels = channels;
    this.options = channels.map((channel, i) => this.option(channel, i));
    this.list.replaceChildren(...this.options);
    this.list.hidden = channels.length === 0;
    this.status.textContent = channels.length ? `${channels.length} found` : otherwise;
    this.status.className = channels.length > 0 ? "vh" : "pop";
    this.input.setAttribute("aria-expanded", String(channels.length > 0));
    this.mark(channels.length ? 0 : -1);
  }

  /**
   * @param {Hit} hit
   * @param {number} i
   */
  option({ name, category, language, text }, i) {
    const option = element("li", "");
    option.className = "found";
    option.id = `${this.list.id}-${i}`;
    option.setAttribute("role", "option");
    option.append(
      element("b", name),
      element("span", [category, language].filter(Boolean).join(" · ")),
      element("small", text),
    );
    return option;
  }

  /** @param {number} at */
  mark(at) {
    this.at = at;
    this.options.forEach((option, i) => option.setAttribute("aria-selected", String(i === at)));
    if (at < 0) this.input.removeAttribute("aria-activedescendant");
    else this.input.setAttribute("aria-activedescendant", this.options[at].id);
    this.options[at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const count = this.options.length;
    const targets = new Map([
      ["ArrowDown", (this.at + 1) % count],
      ["ArrowUp", (this.at + count - 1) % count],
    ]);
    const target = targets.get(event.key);
    if (event.key === "Escape") {
      if (this.list.hidden && !this.status.textContent) this.input.blur();
      this.close();
    } else if (count && target !== undefined) {
      event.preventDefault();
      this.mark(target);
    }
  }

  /**
   * Open the marked channel on Enter; without results, the form opens the search page.
   * @param {SubmitEvent} event
   */
  open(event) {
    if (this.at < 0) return;
    event.preventDefault();
    this.choose(this.at);
  }

  /** @param {number} at */
  choose(at) {
    if (at < 0) return;
    const profile = this.channels[at];
    this.input.value = "";
    this.close();
    this.input.blur();
    this.onOpen(profile);
  }

  close() {
    clearTimeout(this.timer);
    this.abort?.abort();
    this.show([], "");
  }

  /** @param {KeyboardEvent} event */
  onSlash(event) {
    const isTyping = closest(event, "input, textarea, select, [contenteditable]", Element);
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.input.focus();
    this.input.select();
  }
}

/**
 * @param {string} tag
 * @param {string} text
 */
function element(tag, text) {
  const created = document.createElement(tag);
  created.textContent = text;
  return created;
}
