// @ts-check
// A channel's timeline of live events; apps/dashboard/timeline.py does the same for stored events. Frequent kinds of
// events, such as bans, are counted per interval, and one mark shows the sum.

import { constants } from "./constants.js";
import { number } from "./figures.js";

/** @param {string} kind */
const isSummed = (kind) => constants.summed.includes(kind);

/**
 * A line of the event list. `effect` says how chat and viewers changed around an event.
 * @typedef {Pick<EventMark, "at_ms" | "until_ms" | "kind" | "label"> & { group: string, effect: string }} Line
 */

/**
 * Return the marks sorted by time, with the sums of each kind merged per interval of `mergeMs`.
 * @param {EventMark[]} marks
 * @param {number} mergeMs
 */
export function merged(marks, mergeMs) {
  /** @type {Map<string, EventMark>} */
  const sums = new Map();
  /** @type {EventMark[]} */
  const single = [];
  for (const mark of marks) {
    if (!isSummed(mark.kind)) {
      single.push(mark);
      continue;
    }
    const atMs = Math.floor(mark.at_ms / mergeMs) * mergeMs;
    const id = `${mark.kind}@${atMs}`;
    const count = (sums.get(id)?.count ?? 0) + (mark.count ?? 0);
    const label = constants.labels[mark.kind].replace("{count}", number(count, 0));
    sums.set(id, { id, at_ms: atMs, until_ms: atMs + mergeMs, kind: mark.kind, count, label });
  }
  return [...single, ...sums.values()].sort((a, b) => a.at_ms - b.at_ms || (a.id < b.id ? -1 : 1));
}

/**
 * Return the lines of the event list, newest first. Each individual event has its own line; summed events share one
 * line per interval and group, which lists the sum of each kind.
 * @param {EventMark[]} marks
 * @param {Record<string, string>} [effects] - the effects, keyed by event id
 */
export function linesOf(marks, effects = {}) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {Map<string, Line>} */
  const spans = new Map();
  for (const { id, at_ms, until_ms, kind, label } of marks) {
    const group = constants.groups[kind];
    const key = `${group}@${at_ms}`;
    const sum = spans.get(key);
    if (!isSummed(kind))
      lines.push({ at_ms, until_ms: null, kind, label, group, effect: effects[id] ?? "" });
    else if (!sum) spans.set(key, { at_ms, until_ms, kind, label, group, effect: "" });
    else Object.assign(sum, { kind: "summed", label: `${sum.label} · ${label}` });
  }
  return [...lines, ...spans.values()].sort(
    (a, b) => b.at_ms - a.at_ms || (a.label < b.label ? -1 : 1),
  );
}

/**
 * Group `marks` by point; `points` are newest first. Each point gets the marks after the next older
 * point, up to its own end. The newest point also gets later marks, the oldest one earlier marks.
 * @param {{ end_ms: number }[]} points
 * @param {EventMark[]} marks
 */
export function marksByPoint(points, marks) {
  /** @type {EventMark[][]} */
  const groups = points.map(() => []);
  for (const mark of marks) {
    groups[
      Math.max(
        0,
        points.findLastIndex((point) => point.end_ms >= mark.at_ms),
      )
    ]?.push(mark);
  }
  return groups;
}

/**
 * Return the marks to draw on a chart: all single events, and the unusually high sums.
 * @param {EventMark[]} marks
 */
export function noted(marks) {
  /** @type {Map<string, number>} */
  const least = new Map();
  for (const [kind, from] of Object.entries(constants.noted_from)) {
    const usual = median(marks.filter((mark) => mark.kind === kind));
    least.set(kind, Math.max(from, constants.noted_times * usual));
  }
  return marks.filter(
    ({ kind, count }) => !isSummed(kind) || (count ?? 0) >= (least.get(kind) ?? Infinity),
  );
}

/**
 * Return the median count of `sums`, 0 if there are too few to compare.
 * @param {EventMark[]} sums
 */
function median(sums) {
  const counts = sums.map(({ count }) => count ?? 0).sort((a, b) => a - b);
  return counts.length > 1 ? counts[(counts.length - 1) >> 1] : 0;
}
