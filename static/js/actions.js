// @ts-check
// Actions for the open channel: watchlist, comparison, exports and share links.

import { hrefOf } from "./address.js";
import { legendOf, pictureOf } from "./chart.js";
import { $, all, byId, field, inside, insideOf } from "./dom.js";
import { bindExports } from "./export.js";
import { metricOf, nameWithUnit } from "./metrics.js";
import { savePicture } from "./picture.js";
import { markStars } from "./stars.js";
import { nameStar } from "./watch.js";

/**
 * @typedef {object} State
 * @property {Profile | null} channel - the open channel
 * @property {Choice} choice
 * @property {string} metric
 * @property {ChartRange} range - the chart's range
 * @property {import("./chart.js").Chart} chart
 * @property {boolean} showsViewers - the chart has a second line
 * @property {import("./span.js").Span} span - the visible time span of the chart
 */

export class Actions {
  interval = byId("interval", HTMLSelectElement);

  /** @param {() => State} state */
  constructor(state) {
    this.state = state;
    bindExports($("take"), () => state().span);
    $("interval-field").hidden = $("picture").hidden = false;
    this.interval.addEventListener("change", () => this.update());
    $("picture").addEventListener("click", () => this.save());
  }

  /** Update the links to match the channel, metric and time span on display. */
  update() {
    const { channel, choice, metric } = this.state();
    if (!channel) return;
    const address = hrefOf({ ...choice, channel: channel.id });
    const compared = metricOf(metric).only_live ? "" : `&metric=${metric}`;
    byId("compare", HTMLAnchorElement).href = `/compare?channels=${channel.id}${compared}`;
    for (const link of all($("take"), "[data-export]")) {
      const { export: file = "" } = link.dataset;
      const { value } = this.interval;
      const interval = file.startsWith("windows") && value ? `&interval=${value}` : "";
      link.setAttribute("href", `/channels/${channel.id}/${file}${address}${interval}`);
    }
    const form = document.querySelector("[data-share]");
    if (form instanceof HTMLFormElement) {
      field(form, "query", HTMLInputElement).value = address;
      const title = `${channel.name}, ${metricOf(metric).name}`;
      // Keep a name that the user has entered.
      field(form, "title", HTMLInputElement).defaultValue = title;
      // A link created before this change points to another view.
      inside(form, "[data-created]").hidden = true;
    }
    const star = document.getElementById("star");
    if (!star) return;
    nameStar(insideOf(star, "[data-star]", HTMLButtonElement), channel);
    markStars(star);
  }

  async save() {
    const { channel, metric, range, span, chart, showsViewers } = this.state();
    if (!channel) return;
    const title = nameWithUnit(metric, range);
    await savePicture({
      title: `${channel.name}: ${title}`,
      span,
      subtitle: "",
      legend: legendOf(showsViewers ? [title, "Viewers"] : [title]),
      plots: [{ title: "", canvas: await pictureOf(chart.state) }],
      note: "Lines break and bands are hatched where the channel was not heard.",
      name: `twitchly-${channel.name}-${metric}`,
    });
  }
}
