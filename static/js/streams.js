// The list of a channel's previous streams: rows are clones of the page's own.

import { isPlainClick } from "./address.js";
import { timeElement } from "./times.js";

const $ = (id) => document.getElementById(id);

export class Streams {
  constructor() {
    this.row = $("stream-row").content.firstElementChild;
    for (const id of ["streams-older", "streams-newest"]) {
      $(id).addEventListener("click", (event) => {
        if (!isPlainClick(event)) return;
        event.preventDefault();
        this.ask(new URL(event.currentTarget.href).searchParams.get("before"));
      });
    }
  }

  /** Show another channel's streams; `isShown` when the page already does. */
  open(channel, isShown) {
    if (channel === this.channel) return;
    this.channel = channel;
    if (!isShown) this.ask(null);
  }

  async ask(before) {
    const { channel } = this;
    const query = before ? `?${new URLSearchParams({ before })}` : "";
    let found = null;
    try {
      const answer = await fetch(`/channels/${channel}/streams.json${query}`);
      if (answer.ok) found = await answer.json();
    } catch {
      // Shown as what did not load.
    }
    if (channel === this.channel) this.show(found, before);
  }

  show(found, before) {
    const rows = found?.streams ?? [];
    $("streams-away").hidden = found !== null;
    $("streams-none").hidden = found === null || rows.length > 0;
    $("streams-some").hidden = rows.length === 0;
    $("stream-rows").replaceChildren(...rows.map((stream) => this.rowOf(stream)));
    const list = `/channels/${this.channel}/streams`;
    $("streams-older").hidden = !found?.before_ms;
    $("streams-older").href = `${list}?before=${found?.before_ms ?? ""}`;
    $("streams-newest").hidden = !before;
    $("streams-newest").href = list;
  }

  rowOf(stream) {
    const row = this.row.cloneNode(true);
    const link = row.querySelector("[data-field=started]");
    link.href = stream.href;
    link.replaceChildren(timeElement(stream.started_ms));
    for (const [field, text] of Object.entries(stream.texts))
      row.querySelector(`[data-field=${field}]`).textContent = text;
    return row;
  }
}
