// The channel's place among the live ones that are like it, and why it is followed: asked for while somebody looks.

import { constants } from "./constants.js";
import { metricOf } from "./metrics.js";

const EVERY_MS = 10_000;

export class Standing {
  /** `host` holds a tile for each group, `following` says why the channel is followed. */
  constructor(host, following) {
    Object.assign(this, { host, following });
    setInterval(() => this.ask(), EVERY_MS);
    document.addEventListener("visibilitychange", () => this.ask());
  }

  /** Follow a channel by a metric. What the page already shows of `shown`, a channel's id, is not asked for again. */
  open(channel, metric, shown) {
    if (channel === this.channel && metric === this.metric) return;
    const isShown = this.channel === undefined && channel === shown;
    Object.assign(this, { channel, metric });
    if (isShown) return;
    for (const name of this.host.querySelectorAll("[data-metric-name]"))
      name.textContent = metricOf(metric).name;
    for (const tile of this.host.querySelectorAll("[data-standing]"))
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
      const { standings, following } = await answer.json();
      if (channel !== this.channel || metric !== this.metric) return;
      for (const one of standings)
        show(this.host.querySelector(`[data-standing="${one.key}"]`), one);
      tell(this.following, following);
    } catch {
      // What was known last stands; the page tells by itself that nothing comes.
    }
  }
}

function show(tile, { percent, note }) {
  tile.querySelector("[data-percent]").textContent = percent;
  tile.querySelector(".d").textContent = note;
}

function tell(host, { state, said, can_ask }) {
  host.dataset.state = state;
  host.querySelector("[data-said]").textContent = said;
  host.querySelector("[data-ask]").hidden = !can_ask;
}
