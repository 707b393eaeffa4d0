// @ts-check
// A watchlist's page: shows live values on the cards, reloads their past hour each minute, and saves their order.

import { fetchJson } from "./fetch-json.js";
import { Connection } from "./connection.js";
import { constants, useConstants } from "./constants.js";
import { $, byId, dataOf, insideOf } from "./dom.js";
import { Finder } from "./finder.js";
import { reach } from "./reach.js";
import { Reorder } from "./reorder.js";
import { reload } from "./sign-in.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { MINUTE_MS } from "./times.js";
import { WatchedChannels } from "./watched-channels.js";

/** @type {WatchlistStart} */
const start = dataOf("start");
useConstants(start.constants);
const TOKEN = "[name=csrfmiddlewaretoken]";
let clockAhead = start.now_ms - Date.now();
let hasFrame = false;
const clock = () => Date.now() + clockAhead;
const watched = new WatchedChannels();

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
  watched.show(frame.channels);
  connection.update();
}

/** @param {string} reason */
function showProblem(reason) {
  connection.reason = reason;
  connection.update();
}

async function drawLines() {
  if (document.hidden) return;
  /** @type {{ paths: Record<string, string> } | null} */
  const hour = await fetchJson(start.lines_url);
  if (hour) watched.draw(hour.paths);
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
  const response = await fetch(start.order_url, options).catch(() => null);
  if (!response) reach.missed();
  $("announcement").textContent = response?.ok
    ? "Order saved."
    : "The order could not be saved. Reload the page and try again.";
  return Boolean(response?.ok);
}

const metric = byId("metric", HTMLSelectElement);
metric.addEventListener("change", () => metric.form?.requestSubmit());
if (watched.size > 0) {
  if ($("cards").matches("ol")) new Reorder($("cards"), saveOrder);
  // A list may contain more channels than a subscription allows.
  const { channels_max: max } = constants;
  for (let first = 0; first < start.channels.length; first += max) {
    const channels = start.channels.slice(first, first + max);
    socket.subscribe(`from${first}`, { kind: "channels", channels }, receive);
  }
}
const adding = byId("add", HTMLFormElement);
new Finder(adding, {
  hasShortcut: false,
  board: () => ({}),
  onOpen: ({ id }) => {
    insideOf(adding, "[name=channel]", HTMLInputElement).value = id;
    adding.submit();
  },
});
setInterval(drawLines, MINUTE_MS);
setInterval(() => connection.update(), 1000);
