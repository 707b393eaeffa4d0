// @ts-check
// The stars beside channels: one click puts a channel on the watchlist used last, another takes it off again.

import { told } from "./ask.js";
import { $, all, byId, closest, dataOf, field } from "./dom.js";
import { ListMenu } from "./list-menu.js";
import { Toast } from "./toast.js";
import { Watching } from "./watch.js";

/** @typedef {import("./watch.js").Watchlist} Watchlist */

class Stars {
  // Channels whose change is under way: a second click on one waits for the first.
  /** @type {Set<string>} */
  #busy = new Set();
  #toast = new Toast($("starred"));
  #watching;
  #menu;

  constructor() {
    const token = field(byId("starring", HTMLFormElement), "csrfmiddlewaretoken", HTMLInputElement);
    this.#watching = new Watching(dataOf("watching"), token.value);
    this.#menu = new ListMenu($("lists"), {
      watching: this.#watching,
      look: (channel) => this.#look(channel),
      onChoose: (star, list, holds) => this.#change(star, holds ? list : null, list),
    });
    document.addEventListener("click", (event) => {
      const star = closest(event, "[data-star]", HTMLButtonElement);
      if (!star) return;
      event.preventDefault();
      this.#press(star, event.detail === 0);
    });
    for (const button of all(document, "[data-choose]")) this.#bindChooser(button);
  }

  /** @param {ParentNode} root */
  mark(root) {
    for (const star of starsIn(root)) {
      const isOn = String(this.#watching.holding(star.value).length > 0);
      if (star.getAttribute("aria-pressed") !== isOn) star.setAttribute("aria-pressed", isOn);
    }
  }

  /** @param {HTMLElement} button - beside a star */
  #bindChooser(button) {
    const star = button.previousElementSibling;
    if (!(star instanceof HTMLButtonElement)) return;
    button.hidden = false;
    button.addEventListener("click", ({ detail }) => this.#menu.open(star, detail === 0, button));
  }

  /**
   * @param {HTMLButtonElement} star
   * @param {boolean} isKey
   */
  async #press(star, isKey) {
    const { value: channel } = star;
    const holding = this.#watching.holding(channel);
    if (holding.length < 2) await this.#change(star, holding[0] ?? null);
    // With several lists the one that was meant may be another.
    const hasOthers = this.#watching.lists.length > 1;
    if (hasOthers && this.#watching.holding(channel).length > 0) this.#menu.open(star, isKey);
  }

  /**
   * Take the channel of a star off a list, or put it on `onto`, else on the list used last.
   * @param {HTMLButtonElement} star
   * @param {Watchlist | null} off
   * @param {Watchlist} [onto]
   */
  async #change({ value: channel, dataset: { of: name = "" } }, off, onto) {
    if (this.#busy.has(channel)) return;
    this.#busy.add(channel);
    try {
      if (off) await this.#take(channel, name, off);
      else await this.#put(channel, name, onto);
    } catch (error) {
      this.#toast.say(error instanceof Error ? error.message : String(error));
    } finally {
      this.#busy.delete(channel);
      this.mark(document);
    }
  }

  /**
   * @param {string} channel
   * @param {string} name
   * @param {Watchlist} [onto]
   */
  async #put(channel, name, onto) {
    const list = await this.#watching.put(channel, onto?.id);
    const put = this.#watching.lists.find((one) => one.name === list);
    this.#toast.say(`${name} is on “${list}”.`, async () => {
      if (put) await this.#watching.take(channel, put.id);
      this.mark(document);
    });
  }

  /**
   * @param {string} channel
   * @param {string} name
   * @param {Watchlist} list
   */
  async #take(channel, name, { id, name: list }) {
    await this.#watching.take(channel, id);
    this.#toast.say(`${name} is off “${list}”.`, async () => {
      await this.#watching.put(channel, id);
      this.mark(document);
    });
  }

  /**
   * Ask for the lists anew: another page may have changed them.
   * @param {string} channel
   */
  async #look(channel) {
    const found = await told(`/watchlists/lists?channel=${channel}`);
    if (found) this.#watching.learn(channel, found.lists);
    this.mark(document);
  }
}

/** @param {ParentNode} root */
function starsIn(root) {
  return /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-star]"));
}

// Without an account there are no stars.
const stars = document.getElementById("watching") ? new Stars() : null;

/**
 * Show on each star in `root` whether its channel is on a list.
 * @param {ParentNode} root
 */
export const markStars = (root) => stars?.mark(root);
