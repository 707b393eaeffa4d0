// @ts-check
// The list of a board: rows are kept by channel, updated in place and moved by transform.

import { childrenOf, inside, write } from "./dom.js";
import { markCurrent } from "./filters.js";
import { Hold } from "./hold.js";
import { writeRow } from "./rows.js";

const FEWEST_PLACES = 10;
const SETTLE_MS = 400;

export class Board {
  /** @type {number | undefined} */
  #settling;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {HTMLTemplateElement} parts.template - of a row
   * @param {HTMLTemplateElement} parts.skeleton - of a row on its way
   * @param {number} parts.size - how many places there are
   * @param {(channelId: string) => string} parts.hrefOf - a row's address
   * @param {(isHeld: boolean) => void} parts.onHold - reports that the pointer or the focus came or left
   */
  constructor({ list, template, skeleton, size, hrefOf, onHold }) {
    this.list = list;
    this.template = template;
    this.skeleton = skeleton;
    this.size = size;
    this.hrefOf = hrefOf;
    this.rows = new Map(childrenOf(list).map((item) => [item.dataset.id ?? "", item]));
    this.order = [...this.rows.keys()];
    this.hold = new Hold(list, onHold);
    list.addEventListener("keydown", (event) => this.#walk(event));
    this.#place();
    list.classList.add("is-moving");
  }

  /**
   * Show the rows of a frame, in its order.
   * @param {Row[]} rows
   * @param {string | null} selected
   */
  show(rows, selected) {
    this.#makeRoom(rows.length);
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
   * Show that another board is on its way; it has `size` places.
   * @param {number} size
   */
  showLoading(size) {
    this.rows.clear();
    this.order = [];
    this.size = size;
    this.#makeRoom(0);
    const blank = Array.from({ length: FEWEST_PLACES }, () =>
      this.skeleton.content.cloneNode(true),
    );
    this.list.replaceChildren(...blank);
    childrenOf(this.list).forEach((item, place) => item.style.setProperty("--i", String(place)));
  }

  /**
   * Make the list as high as the board may be long, so that nothing moves below it; few rows need no long list.
   * @param {number} count
   */
  #makeRoom(count) {
    this.list.dataset.places = String(count > FEWEST_PLACES ? this.size : FEWEST_PLACES);
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
    const made = inside(this.template.content, "li").cloneNode(true);
    const item = /** @type {HTMLElement} */ (made);
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

  /** The items in the order that is shown. */
  get #items() {
    return this.order.flatMap((id) => this.rows.get(id) ?? []);
  }

  #place() {
    this.#items.forEach((item, place) => {
      item.style.setProperty("--i", String(place));
      write(inside(item, ".rk"), String(place + 1));
    });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => this.settle(), SETTLE_MS);
  }

  /** Bring the document into the order shown, for the keyboard and readers, once nothing moves. */
  settle() {
    if (this.hold.isHeld) return;
    this.#items.forEach((item, place) => {
      if (this.list.children[place] !== item)
        this.list.insertBefore(item, this.list.children[place]);
    });
  }

  /**
   * Let the arrow keys walk through the rows in the order that is shown.
   * @param {KeyboardEvent} event
   */
  #walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const items = this.#items;
    const at = items.findIndex(
      (item) => event.target instanceof Node && item.contains(event.target),
    );
    const last = items.length - 1;
    const places = new Map([
      ["ArrowDown", Math.min(at + 1, last)],
      ["ArrowUp", Math.max(at - 1, 0)],
      ["Home", 0],
      ["End", last],
    ]);
    const place = places.get(event.key);
    if (at < 0 || place === undefined) return;
    event.preventDefault();
    inside(items[place], "a").focus();
  }
}
