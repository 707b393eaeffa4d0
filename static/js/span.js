// @ts-check
// Spans of the past: what an address names, what zooming and panning make of them.

import { fieldMs, unwall, wall } from "./times.js";

const SHORTEST_MS = 60_000;
const DAY_MS = 86_400_000;
const ZOOM = 2;
const PAN = 0.5;

/** The span in a choice, null for one up to now. */
export function spanOf({ from, until }) {
  return from && until ? { fromMs: Date.parse(from), untilMs: Date.parse(until) } : null;
}

/** A span as a choice holds it; none for null. */
export function chosen(span) {
  return span ? { from: iso(span.fromMs), until: iso(span.untilMs) } : { from: "", until: "" };
}

/** A moment as an address writes it, with milliseconds only where there are any. */
export function iso(atMs) {
  return new Date(atMs).toISOString().replace(".000Z", "Z");
}

/** The span that two date fields name; `shown` is the one that was put into them. The last hour of two is the end. */
export function spanFields(from, until, shown) {
  return { fromMs: fieldMs(from, shown?.fromMs), untilMs: fieldMs(until, shown?.untilMs, true) };
}

/** The span that two date fields name as an address writes it, "" for a field that is empty. */
export function writtenFields(from, until, shown) {
  const { fromMs, untilMs } = spanFields(from, until, shown);
  const written = (ms) => (Number.isNaN(ms) ? "" : iso(ms));
  return { from: written(fromMs), until: written(untilMs) };
}

/** The span that a button or a key leads to; `move` is "in", "out", "earlier" or "later". */
export function moved({ fromMs, untilMs }, move, nowMs, limits) {
  const length = untilMs - fromMs;
  const wanted = {
    in: [fromMs + (length - length / ZOOM) / 2, length / ZOOM],
    out: [fromMs - (length * ZOOM - length) / 2, length * ZOOM],
    earlier: [fromMs - length * PAN, length],
    later: [fromMs + length * PAN, length],
  };
  const [startMs, newLength] = wanted[move];
  return fitted({ fromMs: startMs, untilMs: startMs + newLength }, nowMs, limits);
}

/** The span of the same length that may be asked for and is nearest, in whole seconds and at least a minute long. */
export function fitted({ fromMs, untilMs }, nowMs, limits) {
  const length = Math.min(Math.max(untilMs - fromMs, SHORTEST_MS), limits.span_ms);
  const middle = (fromMs + untilMs) / 2;
  const start = Math.max(Math.min(middle - length / 2, nowMs - length), limits.earliest_ms);
  const startMs = Math.ceil(start / 1000) * 1000;
  return {
    fromMs: startMs,
    untilMs: Math.min(startMs + Math.round(length / 1000) * 1000, Math.floor(nowMs / 1000) * 1000),
  };
}

/** Whole days, weeks and months of the past, in the chosen zone and the order of apps/metrics/spans.py. */
export function quickPicks(nowMs) {
  const today = Math.floor(wall(nowMs) / DAY_MS) * DAY_MS;
  const at = new Date(today);
  const monday = today - ((at.getUTCDay() + 6) % 7) * DAY_MS;
  const month = (back) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - back, 1);
  return [
    between(today - DAY_MS, today),
    between(today - 2 * DAY_MS, today - DAY_MS),
    between(monday - 7 * DAY_MS, monday),
    between(month(1), month(0)),
  ];
}

const between = (fromWallMs, untilWallMs) => ({
  fromMs: unwall(fromWallMs),
  untilMs: unwall(untilWallMs),
});

/** A span as a range, for as long as the answer that names its grain is on its way; `before` is the range it replaces. */
export function pastRange({ fromMs, untilMs }, before) {
  return {
    ...before,
    key: "",
    label: "the chosen dates",
    span_ms: untilMs - fromMs,
    until_ms: untilMs,
  };
}
