// What can be done with the open channel: watch it, compare it, take its figures along, share it.

import { hrefOf } from "./address.js";
import { bindExports } from "./export.js";
import { metricOf } from "./metrics.js";
import { savePicture } from "./picture.js";
import { markStars } from "./stars.js";
import { stamp, ZONE_NAME } from "./times.js";
import { nameStar } from "./watch.js";

const $ = (id) => document.getElementById(id);

export class Actions {
  /** `state()` tells the channel on view, {id, name}, the choice, the metric and the span that the chart shows. */
  constructor({ state }) {
    this.state = state;
    bindExports($("take"), { span: () => state().span });
    $("interval-field").hidden = $("picture").hidden = false;
    $("interval").addEventListener("change", () => this.update());
    $("picture").addEventListener("click", () => this.save());
  }

  /** Another channel, metric or time is on view. */
  update() {
    const { channel, choice, metric } = this.state();
    if (!channel) return;
    const address = hrefOf({ ...choice, channel: channel.id });
    $("compare").href = `/compare?channels=${channel.id}&metric=${metric}`;
    for (const link of $("take").querySelectorAll("[data-export]")) {
      const isWindows = link.dataset.export.startsWith("windows");
      const interval = isWindows && $("interval").value ? `&interval=${$("interval").value}` : "";
      link.href = `/channels/${channel.id}/${link.dataset.export}${address}${interval}`;
    }
    const form = document.querySelector("[data-share]");
    if (form) {
      form.elements.query.value = address;
      form.elements.title.value = `${channel.name}, ${metricOf(metric).name}`;
    }
    if (!$("star")) return;
    nameStar($("star").querySelector("[data-star]"), channel);
    markStars($("star"));
  }

  save() {
    const { channel, metric, span } = this.state();
    const [since, until] = [stamp(span.fromMs), stamp(span.untilMs)];
    savePicture($("chart").querySelector("canvas"), {
      title: `${channel.name}: ${metricOf(metric).name}, ${metricOf(metric).unit}`,
      subtitle: `${since} to ${until} ${ZONE_NAME}. Broken lines and hatched bands are gaps: the channel was not heard.`,
      foot: `Twitchly${document.querySelector("[data-source]")?.dataset.source ?? ""}`,
      name: `twitchly-${channel.name}-${metric}`,
    });
  }
}
