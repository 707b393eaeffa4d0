// @ts-check
// The list of a board: one row per channel, updated in place and moved with CSS transforms.

import { childrenOf, inside, write } from "./dom.js";
import { markCurrent } from "./filters.js";
import { HoverOrFocus } from "./hover-or-focus.js";
import { writeRow } from "./rows.js";

const MIN_ROWS = 10;
const SETTLE_MS = 400;

export class Board {
  /** @type {number | undefined} */
  #settling;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {HTMLTemplateElement} parts.template - a row
   * @param {HTMLTemplateElement} parts.skeleton - a row that is loading
   * @param {number} parts.size - the number of ranks
   * @param {(channelId: string) => string} parts.hrefOf - the URL of a row
   * @param {(isPaused: boolean) => void} parts.onPause - called when the pointer or the focus enters or leaves
   */
  constructor({ list, template, skeleton, size, hrefOf, onPause }) {
    this.list = list;
    this.template = template;
    this.skeleton = skeleton;
    this.size = size;
    this.hrefOf = hrefOf;
    this.rows = new Map(childrenOf(list).map((item) => [item.dataset.id ?? "", item]));
    this.order = [...this.rows.keys()];
    this.hover = new HoverOrFocus(list, onPause);
    list.addEventListener("keydown", (event) => this.#moveFocus(event));
    this.#place();
    list.classList.add("is-moving");
  }

  /**
   * Show the rows of a frame, in the frame's order.
   * @param {Row[]} rows
   * @param {string | null} selected
   */
  show(rows, selected) {
    this.#reserveHeight(rows.length);
    this.order = rows.map(({ id }) => id);
    this.#removeOthers(new Set(this.order));
    for (const row of rows) this.#update(this.#rowOf(row.id), row, row.id === selected);
    this.#place();
  }

  /**
   * Mark the row of the channel that is open.
   * @param {string} channelId
   */
  select(channelId) {
    for (const [id, item] of this.rows) markCurrent(inside(item, "a"), id === channelId);
  }

  /**
   * Show that another board with `size` ranks is loading.
   * @param {number} size
   */
  showLoading(size) {
    this.rows.clear();
    this.order = [];
    this.size = size;
    this.#reserveHeight(0);
    const blank = Array.from({ length: MIN_ROWS }, () => this.skeleton.content.cloneNode(true));
    this.list.replaceChildren(...blank);
    childrenOf(this.list).forEach((item, index) => item.style.setProperty("--i", String(index)));
  }

  /**
   * Reserve the height of a full board, so that nothing below the list moves. Short lists get a smaller height.
   * @param {number} count
   */
  #reserveHeight(count) {
    this.list.dataset.ranks = String(count > MIN_ROWS ? this.size : MIN_ROWS);
  }

  /** @param {Set<string>} ids */
  #removeOthers(ids) {
    for (const item of childrenOf(this.list)) {
      const { id = "" } = item.dataset;
      if (ids.has(id)) continue;
      this.rows.delete(id);
      item.remove();
    }
  }

  /** @param {string} id */
  #rowOf(id) {
    const known = this.rows.get(id);
    if (known) return known;
    const clone = inside(this.template.content, "li").cloneNode(true);
    const item = /** @type {HTMLElement} */ (clone);
    item.dataset.id = id;
    item.style.setProperty("--i", String(this.order.indexOf(id)));
    this.rows.set(id, item);
    this.list.append(item);
    return item;
  }

  /**
   * @param {HTMLElement} item
   * @param {Row} row
   * @param {boolean} isSelected
   */
  #update(item, row, isSelected) {
    const link = inside(item, "a");
    link.setAttribute("href", this.hrefOf(row.id));
    markCurrent(link, isSelected);
    writeRow(item, row);
  }

  /** The items in display order. */
  get #items() {
    return this.order.flatMap((id) => this.rows.get(id) ?? []);
  }

  #place() {
    this.#items.forEach((item, index) => {
      item.style.setProperty("--i", String(index));
      write(inside(item, ".rank"), String(index + 1));
    });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.settle(), SETTLE_MS);
  }

  /** Put the elements into display order once nothing moves, for keyboards and screen readers. */
  settle() {
    if (this.hover.isActive) return;
    this.#items.forEach((item, index) => {
      if (this.list.children[index] !== item)
        this.list.insertBefore(item, this.list.children[index]);
    });
  }

  /**
   * Move the focus between rows with the arrow keys, in display order.
   * @param {KeyboardEvent} event
   */
  #moveFocus(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const items = this.#items;
    const at = items.findIndex(
      (item) => event.target instanceof Node && item.contains(event.target),
    );
    const last = items.length - 1;
    const targets = new Map([
      ["ArrowDown", Math.min(at + 1, last)],
      ["ArrowUp", Math.max(at - 1, 0)],
      ["Home", 0],
      ["End", last],
    ]);
    const target = targets.get(event.key);
    if (at < 0 || target === undefined) return;
    event.preventDefault();
    inside(items[target], "a").focus();
  }
}
