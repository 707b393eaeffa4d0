// @ts-check
// Display text that the server cannot provide: chart points, axis ticks, and ages that increase.

import { constants } from "./constants.js";
import { isComplete, isKnown, metricOf } from "./metrics.js";

/**
 * Format a number with thousands separators; halves are rounded up, and -0 is 0.
 * @param {number} value
 * @param {number} decimals
 */
export function number(value, decimals) {
  const [whole, fraction] = value
    .toFixed(decimals)
    .replace(/^-(?=[0.]+$)/, "")
    .split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? `${grouped}.${fraction}` : grouped;
}

/**
 * Format the value of a point without its unit; a count with incomplete coverage is a lower bound, and
 * without coverage it is unknown.
 * @param {string} metric
 * @param {number | null | undefined} value
 * @param {number} [coverage]
 */
export function figure(metric, value, coverage = 1) {
  if (value == null || !isKnown(metric, coverage)) return constants.absent;
  const { decimals, is_count: isCount } = metricOf(metric);
  return (isCount && !isComplete(coverage) ? constants.lower_bound : "") + number(value, decimals);
}

/**
 * Format a duration: 42 s, 3 min 10 s, 3 h 12 min.
 * @param {number} spanMs
 */
export function duration(spanMs) {
  if (spanMs > 0 && spanMs < 1000) return "< 1 s";
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/**
 * Format the age of a window: seconds up to 999 s, then minutes; unknown without a window.
 * @param {number | null | undefined} endMs
 * @param {number} nowMs
 */
export function age(endMs, nowMs) {
  if (endMs == null) return constants.absent;
  const seconds = Math.max(0, Math.floor((nowMs - endMs) / 1000));
  return seconds < 1000 ? `${seconds} s` : `${number(Math.floor(seconds / 60), 0)} min`;
}

/**
 * Format an axis tick: 950, 1.2k, 31k, 1.4M.
 * @param {number} value
 */
export function short(value) {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  if (value >= 1e3) return `${+(value / 1e3).toFixed(2)}k`;
  return `${+value.toFixed(2)}`;
}
