// @ts-check
// The channels of a watchlist, as cards or as rows of a table: their live values and sparklines of the past hour.

import { constants } from "./constants.js";
import { all, inside, write } from "./dom.js";

export class WatchedChannels {
  #elements = new Map(
    all(document, "#cards > [data-id]").map((element) => [element.dataset.id ?? "", element]),
  );

  get size() {
    return this.#elements.size;
  }

  /**
   * Write live values.
   * @param {Record<string, Channel>} channels - by id
   */
  show(channels) {
    for (const [id, channel] of Object.entries(channels)) {
      const element = this.#elements.get(id);
      if (element) showChannel(element, channel);
    }
  }

  /**
   * Draw the sparklines of the past hour.
   * @param {Record<string, string>} paths - by channel id
   */
  draw(paths) {
    for (const [id, path] of Object.entries(paths))
      this.#elements.get(id)?.querySelector(".spark path")?.setAttribute("d", path);
  }
}

/**
 * @param {HTMLElement} element
 * @param {Channel} channel
 */
function showChannel(element, channel) {
  const { values, coverage } = channel.display;
  for (const cell of all(element, "[data-metric]"))
    write(cell, values[cell.dataset.metric ?? ""] ?? constants.absent);
  for (const cell of all(element, "[data-coverage]")) write(cell, coverage);
  write(inside(element, "[data-category]"), channel.category);
  inside(element, "[data-offline]").hidden = !channel.is_offline;
}
