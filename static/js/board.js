// The list of a board: rows are kept by channel, updated in place and moved by transform.

import { write, writeRow } from "./rows.js";

const FEWEST_PLACES = 10;
const SETTLE_MS = 400;

export class Board {
  /** `size` is how many places there are; `hrefOf(channelId)` gives a row's address; `onHold(held)` reports that the pointer or the focus came or left. */
  constructor({ list, template, skeleton, size, hrefOf, onHold }) {
    Object.assign(this, { list, template, skeleton, size, hrefOf, onHold });
    this.rows = new Map([...list.children].map((item) => [item.dataset.id, item]));
    this.order = [...this.rows.keys()];
    this.held = { pointer: false, focus: false };
    this.listenForHold();
    this.list.addEventListener("keydown", (event) => this.walk(event));
    this.place();
    list.classList.add("is-moving");
  }

  get isHeld() {
    return this.held.pointer || this.held.focus;
  }

  /** Show the rows of a frame, in its order. */
  show(rows, selected) {
    const byId = new Map(rows.map((row) => [row.id, row]));
    this.makeRoom(rows.length);
    this.order = [...byId.keys()];
    this.removeOthers(byId);
    this.order.forEach((id) => this.update(this.rowOf(id), byId.get(id), id === selected));
    this.place();
  }

  /** Mark the row of the channel that is open. */
  select(channelId) {
    for (const [id, item] of this.rows) setCurrent(item.firstElementChild, id === channelId);
  }

  /** Show that another board is on its way; it has `size` places. */
  showLoading(size) {
    this.rows.clear();
    this.order = [];
    this.size = size;
    this.makeRoom(0);
    const blank = Array.from({ length: FEWEST_PLACES }, () =>
      this.skeleton.content.cloneNode(true),
    );
    this.list.replaceChildren(...blank);
    [...this.list.children].forEach((item, place) => item.style.setProperty("--i", place));
  }

  /** The list is as high as the board may be long, so that nothing moves below it; few rows need no long list. */
  makeRoom(count) {
    this.list.dataset.places = count > FEWEST_PLACES ? this.size : FEWEST_PLACES;
  }

  removeOthers(byId) {
    for (const item of [...this.list.children]) {
      if (byId.has(item.dataset.id)) continue;
      this.rows.delete(item.dataset.id);
      item.remove();
    }
  }

  rowOf(id) {
    let item = this.rows.get(id);
    if (!item) {
      item = this.template.content.firstElementChild.cloneNode(true);
      item.dataset.id = id;
      item.style.setProperty("--i", this.order.indexOf(id));
      this.rows.set(id, item);
      this.list.append(item);
    }
    return item;
  }

  update(item, row, isSelected) {
    const link = item.firstElementChild;
    link.href = this.hrefOf(row.id);
    setCurrent(link, isSelected);
    writeRow(item, row);
  }

  place() {
    this.order.forEach((id, place) => {
      const item = this.rows.get(id);
      item.style.setProperty("--i", place);
      write(item, ".rk", String(place + 1));
    });
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.settle(), SETTLE_MS);
  }

  /** Bring the document into the order shown, for the keyboard and readers, once nothing moves. */
  settle() {
    if (this.isHeld) return;
    this.order.forEach((id, place) => {
      const item = this.rows.get(id);
      if (this.list.children[place] !== item)
        this.list.insertBefore(item, this.list.children[place]);
    });
  }

  /** Let the arrow keys walk through the rows as they stand. */
  walk(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = this.order.indexOf(event.target.closest("li")?.dataset.id);
    const last = this.order.length - 1;
    const places = {
      ArrowDown: Math.min(at + 1, last),
      ArrowUp: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    };
    if (at < 0 || !(event.key in places)) return;
    event.preventDefault();
    this.rows.get(this.order[places[event.key]]).firstElementChild.focus();
  }

  listenForHold() {
    const hold = (reason, held) => {
      this.held[reason] = held;
      this.onHold(this.isHeld);
    };
    this.list.addEventListener("pointerenter", (event) =>
      hold("pointer", event.pointerType === "mouse"),
    );
    this.list.addEventListener("pointerleave", () => hold("pointer", false));
    this.list.addEventListener("focusin", (event) =>
      hold("focus", event.target.matches(":focus-visible")),
    );
    this.list.addEventListener("focusout", () => hold("focus", false));
  }
}

function setCurrent(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}
