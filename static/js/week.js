// @ts-check
// The typical week of the open channel, in the page's time zone; refreshed every minute while the page is visible.

import { $, all } from "./dom.js";
import { ZONE_NAME } from "./times.js";

const EVERY_MS = 60_000;

export class UsualWeek {
  channel = "";
  metric = "";
  panel = $("week");
  body = $("week-body");
  tabs = all(this.panel, "[data-week]");

  constructor() {
    for (const tab of this.tabs) {
      tab.addEventListener("click", (event) => {
        event.preventDefault();
        this.metric = tab.dataset.week ?? "";
        this.refresh();
      });
    }
    setInterval(() => this.refresh(), EVERY_MS);
  }

  /** @param {string} channel */
  open(channel) {
    if (channel === this.channel) return;
    this.channel = channel;
    this.body.replaceChildren();
    this.refresh();
  }

  async refresh() {
    if (document.hidden || !this.channel) return;
    const { channel, metric } = this;
    const query = new URLSearchParams({ part: "1", zone: ZONE_NAME, ...(metric && { metric }) });
    const answer = await fetch(`/channels/${channel}/week?${query}`).catch(() => null);
    // On failure, keep the week that is shown; the connection badge shows the problem.
    if (!answer?.ok || channel !== this.channel || metric !== this.metric) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    this.body.replaceChildren(...page.body.childNodes);
    const shown = metric || this.tabs[0].dataset.week;
    for (const tab of this.tabs) {
      if (tab.dataset.week === shown) tab.setAttribute("aria-current", "true");
      else tab.removeAttribute("aria-current");
    }
  }
}
