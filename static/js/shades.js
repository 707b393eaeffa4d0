// @ts-check
// Shaded spans of a channel's chart: time off air, and time before recording began.

import { constants } from "./constants.js";
import { MISSING_AFTER_STEPS } from "./series.js";
import { day, hm, MINUTE_MS } from "./times.js";

/** @typedef {import("./chart-marks.js").Shade} Shade */

const OFF_AIR = "off air or not tracked";
// A channel is tracked within this time after a broadcast starts.
const TRACKED_WITHIN_MS = 10 * MINUTE_MS;

/**
 * Return the shades of a chart: time without a known broadcast, and the time before its first data.
 * @param {import("./series.js").Series} series
 * @param {Stretch[]} offAir
 * @param {number} fromMs - the start of the chart
 * @returns {Shade[]}
 */
export function shadesOf(series, offAir, fromMs) {
  const shades = offAir.map((span) => ({ ...span, label: OFF_AIR }));
  const start = startOf(series, fromMs);
  if (!start || shades.some((shade) => shade.from_ms <= fromMs)) return shades;
  const { atMs, isBroadcast } = start;
  const label = isBroadcast ? OFF_AIR : `recording since ${timeOf(atMs)}`;
  return [{ from_ms: fromMs, until_ms: atMs, label }, ...shades];
}

/**
 * Return the marks to draw: those since recording began, and all of the user's own notes.
 * @param {EventMark[]} marks
 * @param {import("./series.js").Series} series
 * @param {number} fromMs - the start of the chart
 */
export function marksWithData(marks, series, fromMs) {
  const start = startOf(series, fromMs);
  if (!start) return marks;
  return marks.filter(({ kind, at_ms: atMs }) => kind === "note" || atMs >= start.atMs);
}

/**
 * Return when the data of a chart begins, and whether a broadcast began then. Return null if the chart has no data, or
 * has data from its start.
 * @param {import("./series.js").Series} series
 * @param {number} fromMs
 */
function startOf({ points, gaps, marks, range }, fromMs) {
  if (points.length === 0) return null;
  // Any other gap, or the end of a broadcast, shows that the channel was tracked before.
  const tracked = gaps.filter(({ reason }) => reason !== constants.no_data);
  const ends = marks.filter(({ kind }) => kind === "stream_end");
  const firstMs = points[0].end_ms - range.step_ms;
  const atMs = Math.min(
    firstMs,
    ...tracked.map((gap) => gap.from_ms),
    ...ends.map((end) => end.at_ms),
  );
  if (atMs - fromMs <= MISSING_AFTER_STEPS * range.step_ms) return null;
  const starts = marks.filter(({ kind }) => kind === "stream_start").map((start) => start.at_ms);
  const startedMs = Math.max(...starts.filter((startMs) => startMs <= atMs));
  const isBroadcast = atMs - startedMs <= Math.max(TRACKED_WITHIN_MS, range.step_ms);
  return { atMs: isBroadcast ? startedMs : atMs, isBroadcast };
}

/** @param {number} atMs */
const timeOf = (atMs) => (day(atMs) === day(Date.now()) ? "" : `${day(atMs)}, `) + hm(atMs);
