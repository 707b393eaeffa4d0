// The channel's place among the live ones that are like it: asked for while somebody looks.

import { count } from "./figures.js";
import { metricOf } from "./metrics.js";

const EVERY_MS = 10_000;

export class Standing {
  /** `host` holds a tile for each group. */
  constructor(host) {
    this.host = host;
    setInterval(() => this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  /** Follow a channel by a metric. What the page already shows of `shown`, a channel's id, is not asked for again. */
  open(channel, metric, shown) {
    if (channel === this.channel && metric === this.metric) return;
    const isShown = this.channel === undefined && channel === shown;
    Object.assign(this, { channel, metric });
    if (isShown) return;
    for (const name of this.host.querySelectorAll("[data-metric-name]")) name.textContent = metricOf(metric).name;
    for (const tile of this.host.querySelectorAll("[data-standing]")) show(tile, { percent: null, note: "" });
    this.ask();
  }

  async ask() {
    if (document.hidden || !this.channel) return;
    const { channel, metric } = this;
    try {
      const answer = await fetch(`/channels/${channel}/standing?${new URLSearchParams({ metric })}`);
      if (!answer.ok) return;
      const { standings } = await answer.json();
      if (channel !== this.channel || metric !== this.metric) return;
      for (const one of standings) show(this.host.querySelector(`[data-standing="${one.key}"]`), one);
    } catch {
      // What was known last stands; the page tells by itself that nothing comes.
    }
  }
}

function show(tile, { percent, note }) {
  tile.querySelector("[data-percent]").textContent = count(percent);
  tile.querySelector(".d").textContent = note;
}
