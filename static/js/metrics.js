// The table of metrics, as the page passes it from core/metrics.py.

let table = {};

export function useMetrics(metrics) {
  table = metrics;
}

/** A metric: label, name, unit, decimals, empty, is_count and from_helix. */
export const metricOf = (key) => table[key];
