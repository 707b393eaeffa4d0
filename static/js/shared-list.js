// @ts-check
// A shared watchlist: requests live values every 2 s and the sparklines of the past hour every minute.

import { useConstants } from "./constants.js";
import { dataOf } from "./dom.js";
import { fetchJson } from "./fetch-json.js";
import { MINUTE_MS } from "./times.js";
import { WatchedChannels } from "./watched-channels.js";

const NOW_EVERY_MS = 2_000;

/** @type {SharedListStart} */
const start = dataOf("start");
useConstants(start.constants);
const watched = new WatchedChannels();

async function showNow() {
  if (document.hidden) return;
  /** @type {{ channels: Record<string, Channel> } | null} */
  const now = await fetchJson(start.now_url);
  if (now) watched.show(now.channels);
}

async function drawLines() {
  if (document.hidden) return;
  /** @type {{ paths: Record<string, string> } | null} */
  const hour = await fetchJson(start.series_url);
  if (hour) watched.draw(hour.paths);
}

setInterval(showNow, NOW_EVERY_MS);
setInterval(drawLines, MINUTE_MS);
