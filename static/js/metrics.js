// @ts-check
// Metrics, and the window of each live value.

import { constants } from "./constants.js";

/** @param {string} key */
export const metricOf = (key) => constants.metrics[key];

/**
 * Return the window end of a metric's live value: people and texts have their own windows.
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
 * Return the unit of a metric on a chart: values that grow with their window include the window's length.
 * @param {string} key
 * @param {ChartRange} range
 */
export const unitOf = (key, range) => metricOf(key).units[range.length];
