// @ts-check
// Which channels are on which watchlists of the account, and the requests that change it.

import { reach } from "./reach.js";

/** @typedef {{ id: number, name: string, channels: Set<string> }} Watchlist */

export class Watching {
  /**
   * @param {{ id: number, name: string, channels: string[] }[]} lists - those of the account, the one used last first
   * @param {string} token - against forged requests
   */
  constructor(lists, token) {
    this.token = token;
    /** @type {Watchlist[]} */
    this.lists = lists.map((list) => ({ ...list, channels: new Set(list.channels) }));
  }

  /**
   * Return the lists that hold a channel.
   * @param {string} channel
   */
  holding(channel) {
    return this.lists.filter((list) => list.channels.has(channel));
  }

  /**
   * Put a channel on a list, or on the one used last; return the name of that list. Throws what to tell.
   * @param {string} channel
   * @param {number} [list]
   */
  put(channel, list) {
    return this.#send(channel, list === undefined ? {} : { list: String(list) });
  }

  /**
   * Take a channel off a list. Throws what to tell.
   * @param {string} channel
   * @param {number} list
   */
  take(channel, list) {
    return this.#send(channel, { list: String(list), off: "1" });
  }

  /**
   * @param {string} channel
   * @param {Record<string, string>} fields
   * @returns {Promise<string>}
   */
  async #send(channel, fields) {
    const body = new URLSearchParams({ channel, ...fields, csrfmiddlewaretoken: this.token });
    const headers = { Accept: "application/json" };
    const answer = await fetch("/watchlists/watch", { method: "POST", body, headers }).catch(
      () => null,
    );
    const reply = await answer?.json().catch(() => null);
    if (!answer) reach.missed();
    if (!answer?.ok || !reply)
      throw new Error(reply?.reason ?? "The watchlist could not be changed. Try again.");
    this.learn(channel, reply.lists);
    return reply.list;
  }

  /**
   * Take over which lists there are and whether each holds a channel.
   * @param {string} channel
   * @param {HoldingList[]} lists
   */
  learn(channel, lists) {
    const known = new Map(this.lists.map(({ id, channels }) => [id, channels]));
    /** @type {Watchlist[]} */
    this.lists = lists.map(({ id, name, holds }) => {
      const channels = known.get(id) ?? new Set();
      if (holds) channels.add(channel);
      else channels.delete(channel);
      return { id, name, channels };
    });
  }
}

/**
 * Give a star another channel.
 * @param {HTMLButtonElement} star
 * @param {{ id: string, name: string }} channel
 */
export function nameStar(star, { id, name }) {
  if (star.value !== id) star.value = id;
  if (star.dataset.of === name) return;
  star.dataset.of = name;
  star.setAttribute("aria-label", `${star.dataset.label} ${name}`);
}
