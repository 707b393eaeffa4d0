// The table of live channels: its figures as they come, its rows and their order anew while nobody reads them.

import { figure, percent } from "./figures.js";
import { useMetrics } from "./metrics.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { markStars } from "./stars.js";

const ORDER_EVERY_MS = 10_000;

const $ = (id) => document.getElementById(id);
const start = JSON.parse($("start").textContent);
useMetrics(start.metrics);
const held = { pointer: false, focus: false };
const isHeld = () => held.pointer || held.focus;

const socket = new LiveSocket(liveUrl(), {
  onError: () => {},
  onSignedOut: () => location.reload(),
  onReturn: () => isHeld() || reorder(),
});

function follow() {
  const channels = [...$("rows").rows].map((row) => row.dataset.id);
  if (channels.length > 0) socket.subscribe("rows", { kind: "channels", channels }, show);
  else socket.unsubscribe("rows");
}

function show({ channels }) {
  for (const row of $("rows").rows) {
    const channel = channels[row.dataset.id];
    if (!channel) continue;
    for (const cell of row.querySelectorAll("[data-metric]")) {
      const metric = cell.dataset.metric;
      const isUnheard = channel.coverage === 0 && metric !== "viewers";
      write(cell, figure(metric, isUnheard ? null : channel.values[metric], metric === "viewers" ? 1 : channel.coverage));
    }
    write(row.querySelector("[data-coverage]"), percent(channel.coverage));
  }
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put the rows of now in place of those there are, unless somebody has come to read them meanwhile. */
async function reorder() {
  if (document.hidden) return;
  const address = new URL(location.href);
  address.searchParams.set("rows", "1");
  const answer = await fetch(address).catch(() => null);
  if (!answer?.ok || answer.redirected || isHeld()) return;
  const page = new DOMParser().parseFromString(`<table>${await answer.text()}</table>`, "text/html");
  const rows = page.querySelector("#rows");
  if (!rows || isHeld()) return;
  $("rows").replaceWith(rows);
  markStars(rows);
  const { total } = rows.dataset;
  write($("count"), `${Number(total).toLocaleString("en")} ${total === "1" ? "channel" : "channels"}`);
  follow();
}

function hold(reason, is) {
  held[reason] = is;
  write($("hold"), isHeld() ? "Order held while you are in the table" : "Order updates every 10 s");
}

if ($("found")) {
  const table = $("found");
  table.addEventListener("pointerenter", (event) => hold("pointer", event.pointerType === "mouse"));
  table.addEventListener("pointerleave", () => hold("pointer", false));
  table.addEventListener("focusin", (event) => hold("focus", event.target.matches(":focus-visible")));
  table.addEventListener("focusout", () => hold("focus", false));
  follow();
  setInterval(() => isHeld() || reorder(), ORDER_EVERY_MS);
}
// An address without what was left empty is one that people like to share.
$("filters").addEventListener("submit", (event) => {
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
