// @ts-check
// The watchlist menu of a star: shows which lists contain its channel, and changes them.

import { closest, inside } from "./dom.js";

const EDGE_PX = 8;

/** @typedef {import("./watch.js").Watchlist} Watchlist */

export class ListMenu {
  /** @type {HTMLButtonElement | null} */
  star = null;

  /**
   * @param {HTMLElement} root
   * @param {object} options
   * @param {import("./watch.js").Watching} options.watching
   * @param {(channel: string) => Promise<void>} options.reload - reloads the lists
   * @param {(star: HTMLButtonElement, list: Watchlist, holds: boolean) => Promise<void>} options.onChoose
   */
  constructor(root, { watching, reload, onChoose }) {
    this.root = root;
    this.watching = watching;
    this.reload = reload;
    this.onChoose = onChoose;
    this.lists = inside(root, "[data-lists]");
    this.lists.addEventListener("click", (event) => this.choose(event));
    root.addEventListener("keydown", (event) => this.moveFocus(event));
  }

  /**
   * Open below the star, or below `anchor`; if opened with the keyboard, move the focus into the menu.
   * @param {HTMLButtonElement} star
   * @param {boolean} isKey
   * @param {HTMLElement} [anchor]
   */
  async open(star, isKey, anchor = star) {
    this.star = star;
    inside(this.root, "p").textContent = `Watchlists with ${star.dataset.of}`;
    this.show();
    this.root.showPopover();
    this.place(anchor.getBoundingClientRect());
    if (isKey) this.items[0]?.focus();
    await this.reload(star.value);
    if (this.star === star) this.show();
  }

  get items() {
    const items = this.root.querySelectorAll("button, a");
    return [.../** @type {NodeListOf<HTMLElement>} */ (items)];
  }

  /** @param {DOMRect} star */
  place({ right, top, bottom }) {
    const { width, height } = this.root.getBoundingClientRect();
    const isBelow = bottom + height + EDGE_PX < innerHeight;
    this.root.style.left = `${Math.max(EDGE_PX, Math.min(right, innerWidth - EDGE_PX) - width)}px`;
    this.root.style.top = `${isBelow ? bottom + 4 : Math.max(EDGE_PX, top - height - 4)}px`;
  }

  /** Write the lists into the existing buttons, so that the focus is not lost. */
  show() {
    // Sorted by name, so that the order does not change while the menu is in use.
    const lists = [...this.watching.lists].sort((a, b) => a.name.localeCompare(b.name));
    while (this.lists.children.length > lists.length) this.lists.lastElementChild?.remove();
    while (this.lists.children.length < lists.length) this.lists.append(item());
    this.lists.querySelectorAll("button").forEach((button, i) => {
      const { id, name, channels } = lists[i];
      button.dataset.list = String(id);
      button.setAttribute("aria-pressed", String(channels.has(this.star?.value ?? "")));
      button.textContent = name;
    });
  }

  /** @param {MouseEvent} event */
  async choose(event) {
    const button = closest(event, "button[data-list]", HTMLButtonElement);
    const list = this.watching.lists.find(({ id }) => String(id) === button?.dataset.list);
    if (!list || !this.star) return;
    await this.onChoose(this.star, list, list.channels.has(this.star.value));
    this.show();
  }

  /** @param {KeyboardEvent} event */
  moveFocus(event) {
    const { items } = this;
    const at = items.findIndex((item) => item === document.activeElement);
    const targets = new Map([
      ["ArrowDown", at + 1],
      ["ArrowUp", at - 1],
      ["Home", 0],
      ["End", items.length - 1],
    ]);
    const target = targets.get(event.key);
    if (target === undefined) return;
    event.preventDefault();
    items.at(target % items.length)?.focus();
  }
}

function item() {
  const button = document.createElement("button");
  button.type = "button";
  return button;
}
