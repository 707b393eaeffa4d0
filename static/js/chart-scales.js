// @ts-check
// Value axes: from 0 to a round value, with ticks at equal distances from one end to the other.

const STEPS = [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
// The number of intervals above 0.
const INTERVALS = 4;

/**
 * The range of an axis and its ticks; `below` is the number of intervals below 0. Without values there are no ticks.
 * @typedef {{ min: number, max: number, below: number, ticks: number[] }} ValueScale
 */

/**
 * Return a scale that fits all values. Scales with the same number of intervals have their ticks at the same heights.
 * @param {(number | null | undefined)[][]} columns
 * @param {number} decimals - the decimal places of the values; ticks have no more than that
 * @param {number} [below] - the number of intervals below 0 on the other axis; this axis has no ticks there
 * @returns {ValueScale}
 */
export function scaleOf(columns, decimals, below) {
  const values = columns.flat().filter((value) => value != null);
  if (values.length === 0) return { min: 0, max: 1, below: 0, ticks: [] };
  let [lowest, highest] = [0, 0];
  for (const value of values) {
    lowest = Math.min(lowest, value);
    highest = Math.max(highest, value);
  }
  const step = roundStep(Math.max(highest, -lowest) / INTERVALS, 10 ** -decimals);
  const under = below ?? Math.ceil(-lowest / step);
  const first = below === undefined ? -under : 0;
  const ticks = Array.from({ length: INTERVALS - first + 1 }, (_, i) => (first + i) * step);
  return { min: -under * step, max: INTERVALS * step, below: under, ticks };
}

/**
 * Return the smallest round step that is at least `least` and a multiple of `unit`.
 * @param {number} least
 * @param {number} unit
 */
function roundStep(least, unit) {
  if (least <= unit) return unit;
  const power = 10 ** Math.floor(Math.log10(least));
  const steps = [...STEPS, 20].map((step) => step * power);
  return steps.find((step) => step >= least && isMultiple(step, unit)) ?? 100 * power;
}

/**
 * @param {number} value
 * @param {number} unit
 */
const isMultiple = (value, unit) => Math.abs(value / unit - Math.round(value / unit)) < 1e-6;
