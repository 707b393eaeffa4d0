// @ts-check
// A widget or an overlay: updates the live value every 2 s, and the sparkline every minute.

import { fetchJson } from "./fetch-json.js";
import { constants, useConstants } from "./constants.js";
import { $, dataOf, write } from "./dom.js";
import { reach } from "./reach.js";

const NOW_EVERY_MS = 2_000;
const LINE_EVERY_MS = 60_000;

/** @type {SharedStart} */
const start = dataOf("start");
useConstants(start.constants);

async function showNow() {
  if (document.hidden) return;
  /** @type {{ channel: Channel | null } | null} */
  const now = await fetchJson(start.now_url);
  if (!now) return;
  const { channel } = now;
  const text = channel?.display.values[start.metric] ?? constants.absent;
  write($("now"), text);
  const offline = document.getElementById("offline");
  if (offline) offline.hidden = channel !== null;
}

async function drawLine() {
  if (document.hidden) return;
  /** @type {{ path: string } | null} */
  const line = await fetchJson(start.series_url);
  if (line) $("line").setAttribute("d", line.path);
}

reach.onChange((isAway) => {
  document.body.classList.toggle("is-away", isAway);
  const away = document.getElementById("away");
  if (away) away.hidden = !isAway;
});
reach.follow();
drawLine();
setInterval(showNow, NOW_EVERY_MS);
setInterval(drawLine, LINE_EVERY_MS);
