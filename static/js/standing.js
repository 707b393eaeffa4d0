// @ts-check
// The channel's percentiles in its peer groups, and why it is tracked; requested while the page is visible.

import { constants } from "./constants.js";
import { all, inside, insideOf } from "./dom.js";
import { metricOf } from "./metrics.js";

const EVERY_MS = 10_000;

export class Percentiles {
  /** @type {string | undefined} */
  channel;
  metric = "";

  /**
   * @param {HTMLElement} host - contains a tile for each peer group
   * @param {HTMLElement} following - shows why the channel is tracked
   */
  constructor(host, following) {
    this.host = host;
    this.following = following;
    setInterval(() => this.refresh(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /**
   * Show a channel's percentiles for a metric. The page already contains those of the channel `shown`, so they are not
   * requested.
   * @param {string} channel
   * @param {string} metric
   * @param {string | undefined} shown - the id of the channel that the page was loaded with
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
    showTracking(this.following, { state: "", text: "", can_request: false, login: "" });
    this.refresh();
  }

  async refresh() {
    if (document.hidden || !this.channel) return;
    const { channel, metric } = this;
    try {
      const answer = await fetch(
        `/channels/${channel}/standing?${new URLSearchParams({ metric })}`,
      );
      if (!answer.ok) return;
      /** @type {{ peer_groups: Standing[], tracking: Following }} */
      const { peer_groups, tracking } = await answer.json();
      if (channel !== this.channel || metric !== this.metric) return;
      for (const standing of peer_groups)
        show(inside(this.host, `[data-standing="${standing.key}"]`), standing);
      showTracking(this.following, tracking);
    } catch {
      // Keep the previous percentiles; the connection badge shows the problem.
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
function showTracking(host, { state, text, can_request, login }) {
  host.dataset.state = state;
  inside(host, "[data-status]").textContent = text;
  const request = insideOf(host, "[data-ask]", HTMLAnchorElement);
  request.hidden = !can_request;
  request.href = `/ask?${new URLSearchParams({ login })}`;
}
