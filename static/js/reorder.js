// Cards that can be put in another order: by dragging, or by their arrow buttons.

export class Reorder {
  /** `keep(ids)` stores an order and tells whether it could; if not, the cards go back. */
  constructor(list, keep) {
    Object.assign(this, {
      list,
      keep,
      dragged: null,
      kept: [...list.children],
      storing: Promise.resolve(),
    });
    list.addEventListener("dragstart", (event) => this.lift(event));
    list.addEventListener("dragover", (event) => this.over(event));
    list.addEventListener("drop", (event) => this.drop(event));
    list.addEventListener("dragend", () => this.release());
    list.addEventListener("click", (event) => this.step(event));
  }

  get ids() {
    return [...this.list.children].map((card) => card.dataset.id);
  }

  lift(event) {
    this.dragged = event.target.closest("li");
    this.dragged.classList.add("is-dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", this.dragged.dataset.id);
  }

  over(event) {
    const card = event.target.closest("li");
    if (!this.dragged || !card) return;
    event.preventDefault();
    for (const other of this.list.children)
      other.classList.toggle("is-target", other === card && card !== this.dragged);
  }

  drop(event) {
    const card = event.target.closest("li");
    if (!this.dragged || !card || card === this.dragged) return;
    event.preventDefault();
    const cards = [...this.list.children];
    this.move(this.dragged, cards.indexOf(card));
  }

  release() {
    for (const card of this.list.children) card.classList.remove("is-dragged", "is-target");
    this.dragged = null;
  }

  step(event) {
    const button = event.target.closest("button[name=by]");
    if (!button) return;
    event.preventDefault();
    const card = button.closest("li");
    this.move(card, [...this.list.children].indexOf(card) + Number(button.value));
    (button.disabled ? card.querySelector("button[name=by]:enabled") : button).focus();
  }

  move(card, place) {
    const cards = [...this.list.children].filter((other) => other !== card);
    cards.splice(place, 0, card);
    this.arrange(cards);
    // One after the other: an earlier order must not arrive after a later one.
    this.storing = this.storing.then(() => this.store());
  }

  async store() {
    const cards = [...this.list.children];
    if (await this.keep(this.ids)) this.kept = cards;
    else this.arrange(this.kept);
  }

  arrange(cards) {
    this.list.replaceChildren(...cards);
    this.mark();
  }

  /** The first cannot go up, nor the last down. */
  mark() {
    const cards = [...this.list.children];
    cards.forEach((card, i) => {
      card.querySelector('[name=by][value="-1"]').disabled = i === 0;
      card.querySelector('[name=by][value="1"]').disabled = i === cards.length - 1;
    });
  }
}
