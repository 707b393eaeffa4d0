// @ts-check
// Metrics, and the window that each of their live values comes from.

import { constants } from "./constants.js";

/** @param {string} key */
export const metricOf = (key) => constants.metrics[key];

/**
 * Return the end of the window of a metric's live value: people and texts have windows of their own.
 * @param {string} key
 * @param {Pick<LiveWindow, "end_ms" | "distinct_end_ms">} channel
 */
export function endOf(key, { end_ms: endMs, distinct_end_ms: distinctEndMs }) {
  return (metricOf(key).distinct ? distinctEndMs : null) ?? endMs;
}

/**
 * Return the coverage of that window.
 * @param {string} key
 * @param {Pick<LiveWindow, "coverage" | "distinct_coverage">} channel
 */
export function coverageOf(key, { coverage, distinct_coverage: distinctCoverage }) {
  return (metricOf(key).distinct ? distinctCoverage : null) ?? coverage;
}

/**
 * Return the unit of a metric on a chart: values that grow with their window name the length of the chart's windows.
 * @param {string} key
 * @param {ChartRange} range
 */
export const unitOf = (key, range) => metricOf(key).units[range.length];
