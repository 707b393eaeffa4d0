// @ts-check
// A widget or an overlay: the figure of now every 2 s, its line every minute.

import { told } from "./ask.js";
import { figure } from "./figures.js";
import { coverageOf, useMetrics } from "./metrics.js";
import { reach } from "./reach.js";
import { linePath } from "./small-line.js";

const NOW_EVERY_MS = 2_000;
const LINE_EVERY_MS = 60_000;

const $ = (id) => document.getElementById(id);
const start = JSON.parse($("start").textContent);
useMetrics(start.metrics);

async function showNow() {
  if (document.hidden) return;
  const now = await told(start.now_url);
  if (!now) return;
  const { channel } = now;
  const text = figure(
    start.metric,
    channel?.values[start.metric],
    channel ? coverageOf(start.metric, channel) : 1,
  );
  if ($("now").textContent !== text) $("now").textContent = text;
  if ($("offline")) $("offline").hidden = channel !== null;
}

async function drawLine() {
  if (document.hidden) return;
  const series = await told(start.series_url);
  if (!series) return;
  const values = series.values[start.metric];
  const points = series.end_ms
    .map((endMs, i) => [endMs, values[i]])
    .filter(([, value]) => value !== null);
  const untilMs = start.range.until_ms ?? series.now_ms;
  $("line").setAttribute(
    "d",
    linePath(points, untilMs - start.range.span_ms, untilMs, start.range.step_ms),
  );
}

reach.onChange((isAway) => {
  document.body.classList.toggle("is-away", isAway);
  if ($("away")) $("away").hidden = !isAway;
});
reach.follow();
drawLine();
setInterval(showNow, NOW_EVERY_MS);
setInterval(drawLine, LINE_EVERY_MS);
