// The star beside a channel: puts it on the watchlist used last, and offers the others.

import { told } from "./ask.js";

/** Bind a star: `channel()` is the id it stands for; `say(text)` tells what became of a click. */
export class Star {
  constructor(root, { channel, say }) {
    Object.assign(this, { root, channel, say, lists: [] });
    this.button = root.querySelector("[data-star]");
    this.menu = root.querySelector("[data-lists]");
    this.button.addEventListener("click", (event) => this.clicked(event));
    this.menu.addEventListener("click", (event) => this.chosen(event));
    root.querySelector("details").addEventListener("toggle", (event) => event.target.open && this.look());
  }

  /** Another channel is shown: ask which lists hold it. */
  async look() {
    const channel = this.channel();
    const found = await told(`/watchlists/lists?channel=${channel}`);
    if (found && channel === this.channel()) this.show(found.lists);
  }

  show(lists) {
    this.lists = lists;
    const isOn = lists.some((list) => list.holds);
    this.button.setAttribute("aria-pressed", String(isOn));
    this.menu.replaceChildren(...lists.map(item));
  }

  clicked(event) {
    event.preventDefault();
    const holding = this.lists.find((list) => list.holds);
    this.send(holding ? { list: holding.id, off: 1 } : {}, holding?.name);
  }

  chosen(event) {
    const button = event.target.closest("button[data-list]");
    if (!button) return;
    const list = this.lists.find(({ id }) => String(id) === button.dataset.list);
    this.send(list.holds ? { list: list.id, off: 1 } : { list: list.id }, list.holds ? list.name : undefined);
  }

  async send(fields, left) {
    const token = this.root.querySelector("[name=csrfmiddlewaretoken]").value;
    const body = new URLSearchParams({ ...fields, channel: this.channel(), csrfmiddlewaretoken: token });
    const headers = { Accept: "application/json" };
    const answer = await fetch("/watchlists/watch", { method: "POST", body, headers }).catch(() => null);
    const reply = await answer?.json().catch(() => null);
    if (!answer?.ok) {
      this.say(reply?.reason ?? "The watchlist could not be changed. Try again.");
      return;
    }
    this.show(reply.lists);
    this.say(left ? `Taken off “${left}”.` : `On “${reply.list}”.`);
  }
}

function item({ id, name, holds }) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.list = id;
  button.setAttribute("aria-pressed", String(holds));
  button.textContent = `${holds ? "✓ " : ""}${name}`;
  return button;
}
