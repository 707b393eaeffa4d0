// @ts-check
// The channel's place among the live ones that are like it, and why it is followed: asked for while somebody looks.

import { constants } from "./constants.js";
import { all, inside } from "./dom.js";
import { metricOf } from "./metrics.js";

const EVERY_MS = 10_000;

export class Percentiles {
  /** @type {string | undefined} */
  channel;
  metric = "";

  /**
   * @param {HTMLElement} host - holds a tile for each group
   * @param {HTMLElement} following - says why the channel is followed
   */
  constructor(host, following) {
    this.host = host;
    this.following = following;
    setInterval(() => this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  /**
   * Follow a channel by a metric. What the page already shows of `shown` is not asked for again.
   * @param {string} channel
   * @param {string} metric
   * @param {string | undefined} shown - the id of a channel
   */
  open(channel, metric, shown) {
    if (channel === this.channel && metric === this.metric) return;
    const isShown = this.channel === undefined && channel === shown;
    this.channel = channel;
    this.metric = metric;
    if (isShown) return;
    for (const name of all(this.host, "[data-metric-name]"))
      name.textContent = metricOf(metric).name;
    for (const tile of all(this.host, "[data-standing]"))
      show(tile, { percent: constants.absent, note: "" });
    tell(this.following, { state: "", said: "", can_ask: false });
    this.ask();
  }

  async ask() {
    if (document.hidden || !this.channel) return;
    const { channel, metric } = this;
    try {
      const answer = await fetch(
        `/channels/${channel}/standing?${new URLSearchParams({ metric })}`,
      );
      if (!answer.ok) return;
      /** @type {{ standings: Standing[], following: Following }} */
      const { standings, following } = await answer.json();
      if (channel !== this.channel || metric !== this.metric) return;
      for (const one of standings) show(inside(this.host, `[data-standing="${one.key}"]`), one);
      tell(this.following, following);
    } catch {
      // What was known last stands; the page tells by itself that nothing comes.
    }
  }
}

/**
 * @param {HTMLElement} tile
 * @param {Pick<Standing, "percent" | "note">} standing
 */
function show(tile, { percent, note }) {
  inside(tile, "[data-percent]").textContent = percent;
  inside(tile, ".d").textContent = note;
}

/**
 * @param {HTMLElement} host
 * @param {Following} following
 */
function tell(host, { state, said, can_ask }) {
  host.dataset.state = state;
  inside(host, "[data-said]").textContent = said;
  inside(host, "[data-ask]").hidden = !can_ask;
}
