// @ts-check
// The table of metrics, as the page passes it from core/metrics/table.py.

let table = {};

export function useMetrics(metrics) {
  table = metrics;
}

/** A metric: label, name, unit, decimals, empty, longer, is_count, from_helix, distinct and by_length. */
export const metricOf = (key) => table[key];

/** The end of the window that a metric's live value comes from: people and texts have windows of their own. */
export function endOf(key, { end_ms: endMs, distinct_end_ms: distinctEndMs }) {
  return (table[key].distinct ? distinctEndMs : null) ?? endMs;
}

/** The coverage of that window. */
export function coverageOf(key, { coverage, distinct_coverage: distinctCoverage }) {
  return (table[key].distinct ? distinctCoverage : null) ?? coverage;
}

/** The unit of a metric on a chart: what grows with the window's length names that of the chart's windows. */
export function unitOf(key, range) {
  const { unit, by_length: byLength } = table[key];
  return byLength ? unit.replace("30 s", range.length) : unit;
}
