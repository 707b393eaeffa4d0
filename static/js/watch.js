// @ts-check
// Which channels are on which watchlists of the account, and the requests that change it.

import { reach } from "./reach.js";

/** `lists` are those of the account, the one used last first: {id, name, channels}. */
export class Watching {
  constructor(lists, token) {
    this.token = token;
    this.lists = lists.map((list) => ({ ...list, channels: new Set(list.channels) }));
  }

  /** The lists that hold a channel. */
  holding(channel) {
    return this.lists.filter((list) => list.channels.has(channel));
  }

  /** Put a channel on a list, or on the one used last; return the name of that list. Throws what to tell. */
  put(channel, list) {
    return this.send(list ? { channel, list } : { channel });
  }

  take(channel, list) {
    return this.send({ channel, list, off: 1 });
  }

  async send(fields) {
    const body = new URLSearchParams({ ...fields, csrfmiddlewaretoken: this.token });
    const headers = { Accept: "application/json" };
    const answer = await fetch("/watchlists/watch", { method: "POST", body, headers }).catch(
      () => null,
    );
    const reply = await answer?.json().catch(() => null);
    if (!answer) reach.missed();
    if (!answer?.ok || !reply)
      throw new Error(reply?.reason ?? "The watchlist could not be changed. Try again.");
    this.learn(fields.channel, reply.lists);
    return reply.list;
  }

  /** Take over which lists there are and whether each holds a channel: `lists` are {id, name, holds}. */
  learn(channel, lists) {
    const known = new Map(this.lists.map(({ id, channels }) => [id, channels]));
    this.lists = lists.map(({ id, name, holds }) => {
      const channels = known.get(id) ?? new Set();
      if (holds) channels.add(channel);
      else channels.delete(channel);
      return { id, name, channels };
    });
  }
}

/** Give a star another channel. */
export function nameStar(star, { id, name }) {
  if (star.value !== id) star.value = id;
  if (star.dataset.of === name) return;
  star.dataset.of = name;
  star.setAttribute("aria-label", `${star.dataset.label} ${name}`);
}
