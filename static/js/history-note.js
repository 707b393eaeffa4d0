// @ts-check
// The reason why a chart has no history, or no value for its metric.

import { metricOf } from "./metrics.js";
import { hm, hms, HOUR_MS, MINUTE_MS, zoneAt } from "./times.js";

// A window is stored a few seconds after its end.
const STORED_WITHIN_MS = 10_000;

/**
 * Return the note, or "" while the history is loading or if the chart has any history.
 * @param {import("./series.js").Series} series
 * @param {{ isLive: boolean, nowMs: number }} state - `isLive`: windows of the channel are still arriving
 */
export function historyNote(series, { isLive, nowMs }) {
  if (!series.hasLoaded || series.points.some((point) => !point.isEdge)) return "";
  if (series.isPast || !isLive) return "No history for this channel in this range.";
  const stepMs = series.range.step_ms;
  const endMs = Math.ceil((nowMs - STORED_WITHIN_MS) / stepMs) * stepMs;
  const end = `${(stepMs < MINUTE_MS ? hms : hm)(endMs)} ${zoneAt(endMs)}`;
  return `No history yet. The first ${lengthOf(stepMs)} appears shortly after ${end}.`;
}

/**
 * Return the reason why no window in a range has a value for a metric.
 * @param {string} metric
 * @param {boolean} isLong - the windows are minutes or hours
 */
export function whyEmpty(metric, isLong) {
  const { name, empty, longer, only_live: onlyLive } = metricOf(metric);
  return `${name} has no value in this range: ${isLong && onlyLive ? longer : empty}.`;
}

/** @param {number} stepMs */
function lengthOf(stepMs) {
  if (stepMs < MINUTE_MS) return "window";
  return stepMs < HOUR_MS ? "minute" : "hour";
}
