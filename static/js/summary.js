// @ts-check
// Why the channel has no value now, by the rules of apps/dashboard/summary.py.

import { endOf, metricOf } from "./metrics.js";

const DAY_MS = 86_400_000;
const LIVE_WINDOW_MS = 30_000;
const OVER_MIDNIGHT = "across midnight UTC, people who wrote on both days count twice";

/** Whether a live window lies on both sides of midnight UTC, when the keys of the hashes change. */
function isOverMidnight(endMs) {
  const after = endMs % DAY_MS;
  return after > 0 && after < LIVE_WINDOW_MS;
}

/** Why a channel has no value of a metric now, or is not ranked by it, or what is odd about it; `now` is null until that is known. */
export function nowNote(metric, now) {
  if (now === null) return "";
  const isAbsent = now.values[metric] == null;
  if (!isAbsent && !now.unranked[metric]) {
    return metricOf(metric).distinct && isOverMidnight(endOf(metric, now)) ? OVER_MIDNIGHT : "";
  }
  if (now.is_offline) return "the stream is offline";
  if (now.end_ms === null) return "no live window";
  return isAbsent ? metricOf(metric).empty : `not ranked: ${now.unranked[metric]}`;
}
