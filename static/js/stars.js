// @ts-check
// The star next to each channel: a click adds the channel to the most recently used watchlist, and another removes it.

import { fetchJson } from "./fetch-json.js";
import { $, all, byId, closest, dataOf, field } from "./dom.js";
import { ListMenu } from "./list-menu.js";
import { Toast } from "./toast.js";
import { Watching } from "./watch.js";

/** @typedef {import("./watch.js").Watchlist} Watchlist */

class Stars {
  // Channels with a pending change: further clicks are ignored until it is done.
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
      reload: (channel) => this.#reload(channel),
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

  /** @param {HTMLElement} button - next to a star */
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
    // With several lists, the user may want a different list, so the menu opens.
    const hasOthers = this.#watching.lists.length > 1;
    if (hasOthers && this.#watching.holding(channel).length > 0) this.#menu.open(star, isKey);
  }

  /**
   * Remove a star's channel from the list `off`, or if that is null, add it to the list `onto` (by default the most
   * recent one).
   * @param {HTMLButtonElement} star
   * @param {Watchlist | null} off
   * @param {Watchlist} [onto]
   */
  async #change({ value: channel, dataset: { of: name = "" } }, off, onto) {
    if (this.#busy.has(channel)) return;
    this.#busy.add(channel);
    try {
      if (off) await this.#remove(channel, name, off);
      else await this.#add(channel, name, onto);
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
  async #add(channel, name, onto) {
    const list = await this.#watching.add(channel, onto?.id);
    const added = this.#watching.lists.find((known) => known.name === list);
    this.#toast.say(`Added ${name} to “${list}”.`, async () => {
      if (added) await this.#watching.remove(channel, added.id);
      this.mark(document);
    });
  }

  /**
   * @param {string} channel
   * @param {string} name
   * @param {Watchlist} list
   */
  async #remove(channel, name, { id, name: list }) {
    await this.#watching.remove(channel, id);
    this.#toast.say(`Removed ${name} from “${list}”.`, async () => {
      await this.#watching.add(channel, id);
      this.mark(document);
    });
  }

  /**
   * Reload the lists, because another page may have changed them.
   * @param {string} channel
   */
  async #reload(channel) {
    const reply = await fetchJson(`/watchlists/lists?channel=${channel}`);
    if (reply) this.#watching.setLists(channel, reply.lists);
    this.mark(document);
  }
}

/** @param {ParentNode} root */
function starsIn(root) {
  return /** @type {NodeListOf<HTMLButtonElement>} */ (root.querySelectorAll("[data-star]"));
}

// Stars need an account.
const stars = document.getElementById("watching") ? new Stars() : null;

/**
 * Show on each star in `root` whether its channel is on a list.
 * @param {ParentNode} root
 */
export const markStars = (root) => stars?.mark(root);
