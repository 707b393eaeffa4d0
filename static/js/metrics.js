// @ts-check
// Metrics, and the window that each of their live values comes from.

import { constants } from "./constants.js";

/** @typedef {import("./constants.js").Metric} Metric */

/**
 * @param {string} key
 * @returns {Metric}
 */
export const metricOf = (key) => constants.metrics[key];

/** The end of the window that a metric's live value comes from: people and texts have windows of their own. */
export function endOf(key, { end_ms: endMs, distinct_end_ms: distinctEndMs }) {
  return (metricOf(key).distinct ? distinctEndMs : null) ?? endMs;
}

/** The coverage of that window. */
export function coverageOf(key, { coverage, distinct_coverage: distinctCoverage }) {
  return (metricOf(key).distinct ? distinctCoverage : null) ?? coverage;
}

/** The unit of a metric on a chart: a value that grows with its window names the length of the chart's windows. */
export const unitOf = (key, range) => metricOf(key).units[range.length];
