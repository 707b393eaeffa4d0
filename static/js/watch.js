// @ts-check
// The account's watchlists and their channels, and the requests that change them.

import { reach } from "./reach.js";

/** @typedef {{ id: number, name: string, channels: Set<string> }} Watchlist */

export class Watching {
  /**
   * @param {{ id: number, name: string, channels: string[] }[]} lists - most recently used first
   * @param {string} token - the CSRF token
   */
  constructor(lists, token) {
    this.token = token;
    /** @type {Watchlist[]} */
    this.lists = lists.map((list) => ({ ...list, channels: new Set(list.channels) }));
  }

  /**
   * Return the lists that contain a channel.
   * @param {string} channel
   */
  holding(channel) {
    return this.lists.filter((list) => list.channels.has(channel));
  }

  /**
   * Add a channel to a list, by default the most recently used one, and return the list's name. Throw an Error with a
   * message for the user on failure.
   * @param {string} channel
   * @param {number} [list]
   */
  add(channel, list) {
    return this.#send(channel, list === undefined ? {} : { list: String(list) });
  }

  /**
   * Remove a channel from a list. Throw an Error with a message for the user on failure.
   * @param {string} channel
   * @param {number} list
   */
  remove(channel, list) {
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
    const response = await fetch("/watchlists/watch", { method: "POST", body, headers }).catch(
      () => null,
    );
    const reply = await response?.json().catch(() => null);
    if (!response) reach.missed();
    if (!response?.ok || !reply)
      throw new Error(reply?.reason ?? "The watchlist could not be changed. Try again.");
    this.setLists(channel, reply.lists);
    return reply.list;
  }

  /**
   * Replace the lists; each element says whether its list contains the channel.
   * @param {string} channel
   * @param {HoldingList[]} lists
   */
  setLists(channel, lists) {
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
 * Set the channel of a star.
 * @param {HTMLButtonElement} star
 * @param {{ id: string, name: string }} channel
 */
export function nameStar(star, { id, name }) {
  if (star.value !== id) star.value = id;
  if (star.dataset.of === name) return;
  star.dataset.of = name;
  star.setAttribute("aria-label", `${star.dataset.label} ${name}`);
}
