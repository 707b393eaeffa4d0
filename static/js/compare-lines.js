// @ts-check
// The lines of a comparison as columns for uPlot, and their coverage.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { kindOf, MISSING_AFTER_STEPS } from "./series.js";

/**
 * Merge lines with different times into columns for uPlot: times, a column per line, then a column per previous-period line.
 * A null interrupts a line where windows are missing.
 * @param {ComparedLine[]} lines
 * @param {string} metric
 * @param {{ isStreamTime: boolean, isIndex: boolean }} options
 */
export function columnsOf(lines, metric, { isStreamTime, isIndex }) {
  const tables = lines.map((line) => {
    const { values, average } = line.metrics[metric];
    const zeroMs = isStreamTime ? (line.zero_ms ?? 0) : 0;
    return columns({ ...line, zeroMs, values, average: isIndex ? average : undefined });
  });
  const previous = linesBefore(lines).map(({ line, before }) => {
    const { zero_ms: zeroMs, end_ms, values } = before;
    const average = isIndex ? line.metrics[metric].average : undefined;
    return columns({ ...line, end_ms, zeroMs, values: values[metric], average });
  });
  const all = [...tables, ...previous];
  return uPlot.join(
    all,
    // Only a null interrupts a line. At times at which only other lines have points, a line continues.
    all.map(() => [0, 1]),
  );
}

/**
 * Return pairs of a line and its previous-period line; lines without one are omitted.
 * @param {ComparedLine[]} lines
 */
export const linesBefore = (lines) =>
  lines.flatMap((line) => (line.previous ? [{ line, before: line.previous }] : []));

/**
 * @param {object} line
 * @param {number[]} line.end_ms
 * @param {number | null} line.step_ms
 * @param {number} line.zeroMs - the origin of the time axis
 * @param {(number | null)[]} line.values
 * @param {number | null | undefined} line.average - drawn as 100 on an index axis; undefined on a value axis
 * @returns {uPlot.AlignedData}
 */
function columns({ end_ms: ends, step_ms: stepMs, zeroMs, values, average }) {
  /** @type {number[]} */
  const times = [];
  /** @type {(number | null)[]} */
  const column = [];
  ends.forEach((endMs, i) => {
    if (i > 0 && endMs - ends[i - 1] > MISSING_AFTER_STEPS * (stepMs ?? 0)) {
      times.push(ends[i - 1] - zeroMs + 1);
      column.push(null);
    }
    times.push(endMs - zeroMs);
    column.push(scaled(values[i], average));
  });
  return [times, column];
}

/**
 * @param {number | null} value
 * @param {number | null | undefined} average
 */
function scaled(value, average) {
  if (value === null || average === undefined) return value;
  return average ? (value / average) * 100 : null;
}

/**
 * Return a line's runs of constant coverage.
 * @param {ComparedLine} line
 */
export function runsOf({ end_ms: ends, coverage, step_ms: stepMs, zero_ms: zeroMs }) {
  /** @type {import("./tape.js").Run[]} */
  const runs = [];
  const [step, zero] = [stepMs ?? 0, zeroMs ?? 0];
  ends.forEach((endMs, i) => {
    const kind = kindOf(coverage[i]);
    const [from, until] = [endMs - step - zero, endMs - zero];
    const last = runs.at(-1);
    if (last?.kind === kind && from - last.until <= step) last.until = until;
    else runs.push({ kind, from, until });
  });
  return runs;
}
