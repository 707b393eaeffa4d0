// The table of metrics, as the page passes it from core/metrics.py.

let table = {};

export function useMetrics(metrics) {
  table = metrics;
}

/** A metric: label, name, unit, decimals, empty, is_count, from_helix and distinct. */
export const metricOf = (key) => table[key];
