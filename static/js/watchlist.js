// @ts-check
// A watchlist's page: shows live values on the cards, reloads their past hour each minute, and saves their order.

import { fetchJson } from "./fetch-json.js";
import { Connection } from "./connection.js";
import { constants, useConstants } from "./constants.js";
import { $, all, byId, dataOf, inside, insideOf, write } from "./dom.js";
import { reach } from "./reach.js";
import { Reorder } from "./reorder.js";
import { reload } from "./sign-in.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { MINUTE_MS } from "./times.js";

/** @type {WatchlistStart} */
const start = dataOf("start");
useConstants(start.constants);
const TOKEN = "[name=csrfmiddlewaretoken]";
let clockAhead = start.now_ms - Date.now();
let hasFrame = false;
const clock = () => Date.now() + clockAhead;
const cards = new Map(all(document, "#cards > li").map((card) => [card.dataset.id ?? "", card]));

const socket = new LiveSocket(liveUrl(), {
  onError: showProblem,
  onSignedOut: reload,
  onReturn: drawLines,
});
const connection = new Connection({
  badge: $("conn"),
  note: $("note"),
  clock,
  socket: () => ({ isOpen: socket.isOpen, tries: socket.tries, hasFrame }),
});

/** @param {ChannelsFrame} frame */
function receive(frame) {
  hasFrame = true;
  connection.reason = "";
  clockAhead = frame.now_ms - Date.now();
  connection.newestEndMs = frame.newest_end_ms ?? connection.newestEndMs;
  for (const [id, channel] of Object.entries(frame.channels)) show(cards.get(id), channel);
  connection.update();
}

/** @param {string} reason */
function showProblem(reason) {
  connection.reason = reason;
  connection.update();
}

/**
 * @param {HTMLElement | undefined} card
 * @param {Channel} channel
 */
function show(card, channel) {
  if (!card) return;
  const { values } = channel.display;
  write(inside(card, "[data-value]"), values[start.metric] ?? constants.absent);
  write(inside(card, "[data-viewers]"), values.viewers ?? constants.absent);
  write(inside(card, "[data-category]"), channel.category);
  inside(card, "[data-offline]").hidden = !channel.is_offline;
}

async function drawLines() {
  if (document.hidden) return;
  /** @type {{ paths: Record<string, string> } | null} */
  const hour = await fetchJson(`/watchlists/${start.id}/lines?metric=${start.metric}`);
  if (!hour) return;
  for (const [id, path] of Object.entries(hour.paths))
    cards.get(id)?.querySelector(".spark path")?.setAttribute("d", path);
}

/**
 * Save the order of the cards. Return whether it was saved.
 * @param {string[]} ids
 */
async function saveOrder(ids) {
  const body = new URLSearchParams(ids.map((id) => ["channels", id]));
  body.set("csrfmiddlewaretoken", insideOf(document, TOKEN, HTMLInputElement).value);
  const headers = { Accept: "application/json" };
  $("announcement").textContent = "Saving the order…";
  // keepalive: the request completes even if the page is closed.
  const options = { method: "POST", body, headers, keepalive: true };
  const response = await fetch(`/watchlists/${start.id}/order`, options).catch(() => null);
  if (!response) reach.missed();
  $("announcement").textContent = response?.ok
    ? "Order saved."
    : "The order could not be saved. Reload the page and try again.";
  return Boolean(response?.ok);
}

const metric = byId("metric", HTMLSelectElement);
metric.addEventListener("change", () => metric.form?.requestSubmit());
if (cards.size > 0) {
  new Reorder($("cards"), saveOrder);
  // A list may contain more channels than a subscription allows.
  const { channels_max: max } = constants;
  for (let first = 0; first < start.channels.length; first += max) {
    const channels = start.channels.slice(first, first + max);
    socket.subscribe(`from${first}`, { kind: "channels", channels }, receive);
  }
}
setInterval(drawLines, MINUTE_MS);
setInterval(() => connection.update(), 1000);
