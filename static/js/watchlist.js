// The page of a watchlist: live figures on its cards, their past hour anew each minute, and their order.

import { told } from "./ask.js";
import { Connection } from "./connection.js";
import { constants, useConstants } from "./constants.js";
import { reach } from "./reach.js";
import { Reorder } from "./reorder.js";
import { LiveSocket, liveUrl } from "./socket.js";

const MINUTE_MS = 60_000;

const $ = (id) => document.getElementById(id);
const start = JSON.parse($("start").textContent);
useConstants(start.constants);
let clockAhead = start.now_ms - Date.now();
let hasFrame = false;
const clock = () => Date.now() + clockAhead;
const cards = new Map(
  [...document.querySelectorAll("#cards > li")].map((card) => [card.dataset.id, card]),
);

const socket = new LiveSocket(liveUrl(), {
  onError: tell,
  onSignedOut: () => location.reload(),
  onReturn: drawLines,
});
const connection = new Connection({
  badge: $("conn"),
  note: $("note"),
  clock,
  socket: () => ({ isOpen: socket.isOpen, tries: socket.tries, hasFrame }),
});

function receive(frame) {
  hasFrame = true;
  connection.reason = "";
  clockAhead = frame.now_ms - Date.now();
  connection.newestEndMs = frame.newest_end_ms ?? connection.newestEndMs;
  for (const [id, channel] of Object.entries(frame.channels)) show(cards.get(id), channel);
  connection.update();
}

function tell(reason) {
  connection.reason = reason;
  connection.update();
}

function show(card, channel) {
  if (!card) return;
  const { values } = channel.display;
  write(card, "[data-value]", values[start.metric] ?? constants.absent);
  write(card, "[data-viewers]", values.viewers ?? constants.absent);
  write(card, "[data-category]", channel.category);
  card.querySelector("[data-offline]").hidden = !channel.is_offline;
}

function write(card, selector, text) {
  const element = card.querySelector(selector);
  if (element.textContent !== text) element.textContent = text;
}

async function drawLines() {
  if (document.hidden) return;
  const hour = await told(`/watchlists/${start.id}/lines?metric=${start.metric}`);
  if (!hour) return;
  for (const [id, path] of Object.entries(hour.paths))
    cards.get(id)?.querySelector("path").setAttribute("d", path);
}

/** Keep the order that the cards have now. Returns whether it was kept. */
async function keepOrder(ids) {
  const body = new URLSearchParams(ids.map((id) => ["channels", id]));
  body.set("csrfmiddlewaretoken", document.querySelector("[name=csrfmiddlewaretoken]").value);
  const headers = { Accept: "application/json" };
  $("said").textContent = "Saving the order…";
  // An order on its way outlives the page.
  const how = { method: "POST", body, headers, keepalive: true };
  const answer = await fetch(`/watchlists/${start.id}/order`, how).catch(() => null);
  if (!answer) reach.missed();
  $("said").textContent = answer?.ok
    ? "Order saved."
    : "The order could not be saved. Reload the page and try again.";
  return Boolean(answer?.ok);
}

$("metric").addEventListener("change", (event) => event.target.form.requestSubmit());
if (cards.size > 0) {
  new Reorder($("cards"), keepOrder);
  // A list may hold more channels than a subscription.
  const { channels_max: most } = constants;
  for (let first = 0; first < start.channels.length; first += most) {
    const channels = start.channels.slice(first, first + most);
    socket.subscribe(`from${first}`, { kind: "channels", channels }, receive);
  }
}
setInterval(drawLines, MINUTE_MS);
setInterval(() => connection.update(), 1000);
