// @ts-check
// A shared channel: its chart, reloaded each minute, and its live value.

import { fetchJson } from "./fetch-json.js";
import { Chart } from "./chart.js";
import { constants, useConstants } from "./constants.js";
import { writeSummary } from "./channel-panels.js";
import { $, dataOf } from "./dom.js";
import { figure } from "./figures.js";
import { historyNote } from "./history-note.js";
import { metricOf, unitOf } from "./metrics.js";
import { LivePeaks } from "./peaks.js";
import { Series, valueOf } from "./series.js";
import { shadesOf } from "./shades.js";
import { when, zoneAt } from "./times.js";

const NOW_EVERY_MS = 2_000;
const SERIES_EVERY_MS = 60_000;

/** @type {SharedStart} */
const start = dataOf("start");
useConstants(start.constants);
const series = new Series(start.range);
const chart = new Chart($("chart"), { onReadout: readOut });
const peaks = new LivePeaks();
let nowMs = start.now_ms;
/** @type {Channel | null | undefined} undefined until it is known */
let live;

async function drawSeries() {
  if (document.hidden) return;
  /** @type {ChannelHistory | null} */
  const history = await fetchJson(start.series_url);
  if (!history) return;
  nowMs = history.now_ms;
  series.merge({ ...history, raw_from_ms: 0 });
  draw();
  writeTiles();
  const isLive = series.edgeMs(start.metric, nowMs) !== null;
  $("message").textContent = historyNote(series, { isLive, nowMs });
}

function draw() {
  chart.draw({
    columns: series.columns([start.metric]),
    bands: series.bands(),
    shades: shadesOf(series, series.offAir(series.span(nowMs).untilMs), series.span(nowMs).fromMs),
    marks: [],
    ...series.span(nowMs),
    edgeMs: series.edgeMs(start.metric, nowMs),
    units: [unitOf(start.metric, start.range), null],
    decimals: metricOf(start.metric).decimals,
  });
  readOut(null);
}

/** Write the tiles of the range. If the range ends now, its peak is never lower than the live value beside it. */
function writeTiles() {
  if (!series.hasLoaded || (live === undefined && !series.isPast)) return;
  const summary = series.summary(start.metric);
  writeSummary(
    series.isPast
      ? summary
      : peaks.raise(summary, start.metric, live ?? null, nowMs - series.range.span_ms),
  );
  $("coverage-range").textContent = summary.coverage;
}

/** @param {number | null} atMs */
function readOut(atMs) {
  const point =
    atMs === null
      ? series.pointsOf(start.metric).at(-1)
      : series.points.find(({ end_ms: endMs }) => endMs === atMs);
  $("when").textContent = point ? `${when(point.end_ms)} ${zoneAt(point.end_ms)}` : "";
  const value = point ? valueOf(point, start.metric) : null;
  $("value").textContent = point
    ? `${figure(start.metric, value, point.coverage)} ${unitOf(start.metric, start.range)}`
    : "";
}

async function showNow() {
  if (document.hidden) return;
  /** @type {{ channel: Channel | null } | null} */
  const now = await fetchJson(start.now_url);
  if (!now) return;
  live = now.channel;
  $("now").textContent = live?.display.values[start.metric] ?? constants.absent;
  if (live && series.add(live)) draw();
  writeTiles();
}

drawSeries();
// A range in the past has no live value.
if (!series.isPast) {
  showNow();
  setInterval(showNow, NOW_EVERY_MS);
}
setInterval(drawSeries, SERIES_EVERY_MS);
