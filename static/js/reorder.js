// @ts-check
// Cards that can be reordered by dragging or with their arrow buttons.

import { childrenOf, closest, inside, insideOf } from "./dom.js";

export class Reorder {
  /** @type {HTMLElement | null} */
  dragged = null;
  storing = Promise.resolve();

  /**
   * @param {HTMLElement} list
   * @param {(ids: string[]) => Promise<boolean>} save - saves the order; if it returns false, the cards move back
   */
  constructor(list, save) {
    this.list = list;
    this.save = save;
    this.saved = childrenOf(list);
    list.addEventListener("dragstart", (event) => this.startDrag(event));
    list.addEventListener("dragover", (event) => this.dragOver(event));
    list.addEventListener("drop", (event) => this.dropOn(event));
    list.addEventListener("dragend", () => this.endDrag());
    list.addEventListener("click", (event) => this.step(event));
  }

  get ids() {
    return this.#cards.map(({ dataset: { id = "" } }) => id);
  }

  get #cards() {
    return childrenOf(this.list);
  }

  /** @param {DragEvent} event */
  startDrag(event) {
    this.dragged = closest(event, "li", HTMLElement);
    if (!this.dragged || !event.dataTransfer) return;
    this.dragged.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.dataset.id ?? "");
  }

  /** @param {DragEvent} event */
  dragOver(event) {
    const card = closest(event, "li", HTMLElement);
    if (!this.dragged || !card) return;
    event.preventDefault();
    for (const other of this.#cards)
      other.classList.toggle("is-target", other === card && card !== this.dragged);
  }

  /** @param {DragEvent} event */
  dropOn(event) {
    const card = closest(event, "li", HTMLElement);
    if (!this.dragged || !card || card === this.dragged) return;
    event.preventDefault();
    this.move(this.dragged, this.#cards.indexOf(card));
  }

  endDrag() {
    for (const card of this.#cards) card.classList.remove("is-dragged", "is-target");
    this.dragged = null;
  }

  /** @param {MouseEvent} event */
  step(event) {
    const button = closest(event, "button[name=by]", HTMLButtonElement);
    const card = closest(event, "li", HTMLElement);
    if (!button || !card) return;
    event.preventDefault();
    this.move(card, this.#cards.indexOf(card) + Number(button.value));
    (button.disabled ? inside(card, "button[name=by]:enabled") : button).focus();
  }

  /**
   * @param {HTMLElement} card
   * @param {number} place
   */
  move(card, place) {
    const cards = this.#cards.filter((other) => other !== card);
    cards.splice(place, 0, card);
    this.arrange(cards);
    // Orders are saved one after another, so that an earlier order cannot arrive after a later one.
    this.storing = this.storing.then(() => this.store());
  }

  async store() {
    const cards = this.#cards;
    if (await this.save(this.ids)) this.saved = cards;
    else this.arrange(this.saved);
  }

  /** @param {HTMLElement[]} cards */
  arrange(cards) {
    this.list.replaceChildren(...cards);
    this.mark();
  }

  /** Disable the up button of the first card and the down button of the last one. */
  mark() {
    this.#cards.forEach((card, i, { length }) => {
      arrow(card, "-1").disabled = i === 0;
      arrow(card, "1").disabled = i === length - 1;
    });
  }
}

/**
 * @param {HTMLElement} card
 * @param {"-1" | "1"} by
 */
const arrow = (card, by) => insideOf(card, `[name=by][value="${by}"]`, HTMLButtonElement);
