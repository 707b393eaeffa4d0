// @ts-check
// Ensures that the peak shown beside a live value is never lower than that value, as apps/dashboard/summary.py does on
// the server.

import { constants } from "./constants.js";
import { number } from "./figures.js";
import { coverageOf, endOf, isComplete, metricOf } from "./metrics.js";
import { valueOf } from "./series.js";

/**
 * @typedef {object} LivePeak
 * @property {number} value
 * @property {number} endMs
 * @property {boolean} isPartial - whether part of the window was not heard
 */

/** The highest live values of one channel since the page was opened. */
export class LivePeaks {
  /** @type {Map<string, LivePeak>} */
  #highest = new Map();

  /**
   * Return the summary with its peak raised to the highest live value of the range; `now` is the newest live window.
   * @param {Summary} summary - the summary of a range that ends now
   * @param {string} metric
   * @param {LiveWindow | null} now
   * @param {number} fromMs - the start of the range
   * @returns {Summary}
   */
  raise(summary, metric, now, fromMs) {
    if (!summary.has_live_peak) return summary;
    const known = [this.#highest.get(metric), now && livePeak(metric, now)];
    const [best] = known
      .filter((peak) => peak != null)
      .filter(({ endMs }) => endMs > fromMs)
      .sort((a, b) => b.value - a.value);
    if (!best) return summary;
    this.#highest.set(metric, best);
    if (summary.peak_value !== null && best.value <= summary.peak_value) return summary;
    const isLowerBound = summary.is_lower_bound || best.isPartial;
    const text = number(best.value, metricOf(metric).decimals);
    return {
      ...summary,
      peak: (isLowerBound ? constants.lower_bound : "") + text,
      peak_value: best.value,
      peak_ms: best.endMs,
      peak_note: "",
      is_lower_bound: isLowerBound,
    };
  }
}

/**
 * @param {string} metric
 * @param {LiveWindow} now
 * @returns {LivePeak | null}
 */
function livePeak(metric, now) {
  const [value, endMs] = [valueOf(now, metric), endOf(metric, now)];
  if (value === null || endMs === null) return null;
  const isPartial = metricOf(metric).is_count && !isComplete(coverageOf(metric, now));
  return { value, endMs, isPartial };
}
