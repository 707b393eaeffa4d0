// @ts-check
// Metrics, and the windows that their live values come from.

import { constants } from "./constants.js";

/** @param {string} key */
export const metricOf = (key) => constants.metrics[key];

/**
 * Return the window of a board's values: the chosen window if the board offers it, otherwise the default.
 * @param {Choice} choice
 */
export const windowOf = (choice) =>
  metricOf(choice.board).is_ratio ? choice.window : constants.defaults.window;

/**
 * Return the end of the window that a metric's live value comes from; distinct counts have their own windows.
 * @param {string} key
 * @param {Pick<LiveWindow, "end_ms" | "distinct_end_ms">} channel
 */
export function endOf(key, { end_ms: endMs, distinct_end_ms: distinctEndMs }) {
  return (metricOf(key).distinct ? distinctEndMs : null) ?? endMs;
}

/**
 * Return the coverage of the window that a metric's live value comes from.
 * @param {string} key
 * @param {Pick<LiveWindow, "coverage" | "distinct_coverage">} channel
 */
export function coverageOf(key, { coverage, distinct_coverage: distinctCoverage }) {
  return (metricOf(key).distinct ? distinctCoverage : null) ?? coverage;
}

/**
 * Return whether a metric is known in a window with this coverage. Without coverage, counts are unknown, not 0.
 * @param {string} key
 * @param {number} coverage
 */
export const isKnown = (key, coverage) =>
  coverage > 0 || key === "coverage" || metricOf(key).from_helix;

/**
 * Return whether a window with this coverage counts as fully heard.
 * @param {number} coverage
 */
export const isComplete = (coverage) => coverage >= constants.complete_from;

/**
 * Return the unit of a metric on a chart. If values grow with the window's length, the unit includes that length.
 * @param {string} key
 * @param {ChartRange} range
 */
export const unitOf = (key, range) => metricOf(key).units[range.length];

/**
 * Return the name of a metric with the unit of a chart: "Messages, msg / 30 s", or "Viewers" alone.
 * @param {string} key
 * @param {ChartRange} range
 */
export const nameWithUnit = (key, range) =>
  [metricOf(key).name, metricOf(key).name_units[range.length]].filter(Boolean).join(", ");
