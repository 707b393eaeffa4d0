// @ts-check
// The legend of the chart: the point under the crosshair and its events, or the newest point.

import { constants } from "./constants.js";
import { $, inside } from "./dom.js";
import { figure } from "./figures.js";
import { coverageOf, metricOf } from "./metrics.js";
import { valueOf } from "./series.js";
import { when } from "./times.js";

/** @typedef {import("./series.js").Point | LiveWindow} Shown */

/**
 * Write the legend.
 * @param {object} state
 * @param {Shown | null} state.at - the point to show
 * @param {string} state.time
 * @param {string} state.metric
 * @param {EventMark[]} state.marks
 * @param {boolean} state.showsViewers
 */
export function writeLegend({ at, time, metric, marks, showsViewers }) {
  const legend = $("legend");
  inside(legend, ".when").textContent = time;
  inside(legend, "[data-value]").textContent = textOf(at, metric);
  inside(legend, "[data-viewers]").textContent = textOf(at, "viewers");
  inside(legend, "[data-overlay]").hidden = !showsViewers;
  inside(legend, "[data-marks]").textContent = marks
    .map(({ at_ms, label }) => `${when(at_ms)} ${label}`)
    .join(" · ");
}

/**
 * @param {Shown | null} point
 * @param {string} metric
 */
function textOf(point, metric) {
  const value = point ? valueOf(point, metric) : null;
  if (!point || value === null) return absence(point, metric);
  return figure(metric, value, coverageOf(metric, point));
}

/**
 * Return why a point has no value: the channel was not heard, its viewer counts are unknown, or the divisor is 0.
 * @param {Shown | null} point
 * @param {string} metric
 */
function absence(point, metric) {
  const { from_helix: fromHelix, needs_viewers: needsViewers } = metricOf(metric);
  const isHeard = !point || point.end_ms === null || coverageOf(metric, point) > 0;
  if (!isHeard && !fromHelix) return "gap";
  return point && needsViewers && point.values.viewers == null ? "unknown" : constants.absent;
}
