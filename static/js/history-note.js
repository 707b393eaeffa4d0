// @ts-check
// Why a chart has no history, once that is known.

import { hm, hms, ZONE } from "./times.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
// The row of a window is stored some seconds after its end.
const STORED_WITHIN_MS = 10_000;

/** Return the note; "" while history loads and where there is some. `isLive`: windows of the channel still come. */
export function historyNote(series, { isLive, nowMs }) {
  if (!series.hasLoaded || series.points.some((point) => !point.isEdge)) return "";
  if (series.isPast || !isLive) return "No history for this channel in this range.";
  const stepMs = series.range.step_ms;
  const endMs = Math.ceil((nowMs - STORED_WITHIN_MS) / stepMs) * stepMs;
  return `No history yet: the first ${lengthOf(stepMs)} ends at ${(stepMs < MINUTE_MS ? hms : hm)(endMs)} ${ZONE}.`;
}

function lengthOf(stepMs) {
  if (stepMs < MINUTE_MS) return "window";
  return stepMs < HOUR_MS ? "minute" : "hour";
}
