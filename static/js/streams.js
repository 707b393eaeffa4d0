// @ts-check
// The list of a channel's previous streams; new rows are clones of the page's template row.

import { isPlainClick } from "./address.js";
import { $, byId, inside, insideOf } from "./dom.js";
import { timeElement } from "./times.js";

export class Streams {
  channel = "";
  row = inside(byId("stream-row", HTMLTemplateElement).content, "tr");
  older = byId("streams-older", HTMLAnchorElement);
  newest = byId("streams-newest", HTMLAnchorElement);

  constructor() {
    for (const link of [this.older, this.newest]) {
      link.addEventListener("click", (event) => {
        if (!isPlainClick(event)) return;
        event.preventDefault();
        this.load(new URL(link.href).searchParams.get("before"));
      });
    }
  }

  /**
   * Show another channel's streams; request them unless the page already shows them (`isShown`).
   * @param {string} channel
   * @param {boolean} isShown
   */
  open(channel, isShown) {
    if (channel === this.channel) return;
    this.channel = channel;
    if (!isShown) this.load(null);
  }

  /** @param {string | null} before */
  async load(before) {
    const { channel } = this;
    const query = before ? `?${new URLSearchParams({ before })}` : "";
    /** @type {PastStreams | null} */
    let page = null;
    try {
      const response = await fetch(`/channels/${channel}/streams.json${query}`);
      if (response.ok) page = await response.json();
    } catch {
      // A network error is handled like an unsuccessful response.
    }
    if (channel === this.channel) this.show(page, before);
  }

  /**
   * @param {PastStreams | null} page
   * @param {string | null} before
   */
  show(page, before) {
    const rows = page?.streams ?? [];
    $("streams-away").hidden = page !== null;
    $("streams-none").hidden = page === null || rows.length > 0;
    $("streams-some").hidden = rows.length === 0;
    $("stream-rows").replaceChildren(...rows.map((stream) => this.rowOf(stream)));
    const list = `/channels/${this.channel}/streams`;
    this.older.hidden = !page?.before_ms;
    this.older.href = `${list}?before=${page?.before_ms ?? ""}`;
    this.newest.hidden = !before;
    this.newest.href = list;
  }

  /** @param {PastStream} stream */
  rowOf(stream) {
    const row = /** @type {HTMLElement} */ (this.row.cloneNode(true));
    const link = insideOf(row, "[data-field=started]", HTMLAnchorElement);
    link.href = stream.href;
    link.replaceChildren(timeElement(stream.started_ms));
    for (const [field, text] of Object.entries(stream.texts))
      inside(row, `[data-field=${field}]`).textContent = text;
    return row;
  }
}
