// The small menu of watchlists beside a star: which of them hold its channel, and a way to change that.

const EDGE_PX = 8;
const STEPS = { ArrowDown: 1, ArrowUp: -1 };

export class ListMenu {
  /** `look(channel)` asks for the lists anew; `onChoose(star, list, holds)` puts on a list or takes off it. */
  constructor(root, { watching, look, onChoose }) {
    Object.assign(this, { root, watching, look, onChoose });
    this.lists = root.querySelector("[data-lists]");
    this.lists.addEventListener("click", (event) => this.choose(event));
    root.addEventListener("keydown", (event) => this.walk(event));
  }

  /** Open below the star, or below what stands for it; whoever came with a key goes on with keys. */
  async open(star, isKey, beside = star) {
    this.star = star;
    this.root.querySelector("p").textContent = `Watchlists with ${star.dataset.of}`;
    this.show();
    this.root.showPopover();
    this.place(beside.getBoundingClientRect());
    if (isKey) this.items[0]?.focus();
    await this.look(star.value);
    if (this.star === star) this.show();
  }

  get items() {
    return [...this.root.querySelectorAll("button, a")];
  }

  place({ right, top, bottom }) {
    const { width, height } = this.root.getBoundingClientRect();
    const isBelow = bottom + height + EDGE_PX < innerHeight;
    this.root.style.left = `${Math.max(EDGE_PX, Math.min(right, innerWidth - EDGE_PX) - width)}px`;
    this.root.style.top = `${isBelow ? bottom + 4 : Math.max(EDGE_PX, top - height - 4)}px`;
  }

  /** Write the lists; buttons stay where they are, so that the keyboard does too. */
  show() {
    // By name, so that none moves away from under the keys once another was used.
    const lists = [...this.watching.lists].sort((one, other) => one.name.localeCompare(other.name));
    while (this.lists.children.length > lists.length) this.lists.lastElementChild.remove();
    while (this.lists.children.length < lists.length) this.lists.append(item());
    lists.forEach(({ id, name, channels }, i) => {
      const button = this.lists.children[i];
      button.dataset.list = id;
      button.setAttribute("aria-pressed", String(channels.has(this.star.value)));
      button.textContent = name;
    });
  }

  async choose(event) {
    const button = event.target.closest("button[data-list]");
    if (!button) return;
    const list = this.watching.lists.find(({ id }) => String(id) === button.dataset.list);
    await this.onChoose(this.star, list, list.channels.has(this.star.value));
    this.show();
  }

  walk(event) {
    const { items } = this;
    const places = { Home: 0, End: items.length - 1 };
    if (event.key in STEPS)
      places[event.key] = items.indexOf(document.activeElement) + STEPS[event.key];
    if (!(event.key in places)) return;
    event.preventDefault();
    items.at(places[event.key] % items.length).focus();
  }
}

function item() {
  const button = document.createElement("button");
  button.type = "button";
  return button;
}
