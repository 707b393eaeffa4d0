// The table of metrics, as the page passes it from core/metrics.py.

let table = {};

export function useMetrics(metrics) {
  table = metrics;
}

/** A metric: label, name, unit, decimals, empty, longer, is_count, from_helix, distinct and by_length. */
export const metricOf = (key) => table[key];

/** The unit of a metric on a chart: what grows with the window's length names that of the chart's windows. */
export function unitOf(key, range) {
  const { unit, by_length: byLength } = table[key];
  return byLength ? unit.replace("30 s", range.length) : unit;
}
