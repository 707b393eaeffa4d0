// @ts-check
// Time spans: in URLs, and after zooming and panning.

import { DAY_MS, fieldMs, fromWallClock, toWallClock } from "./times.js";

/** @typedef {{ fromMs: number, untilMs: number }} Span */
/** @typedef {"in" | "out" | "earlier" | "later"} Move */

const SHORTEST_MS = 60_000;
const ZOOM = 2;
const PAN = 0.5;

/**
 * Return the span of a choice, null for a range that ends now.
 * @param {Pick<Choice, "from" | "until">} choice
 * @returns {Span | null}
 */
export function spanOf({ from, until }) {
  return from && until ? { fromMs: Date.parse(from), untilMs: Date.parse(until) } : null;
}

/**
 * Return the parameters of a choice for a span; they are empty if `span` is null.
 * @param {Span | null} span
 */
export function chosen(span) {
  return span ? { from: iso(span.fromMs), until: iso(span.untilMs) } : { from: "", until: "" };
}

/**
 * Format a time for a URL, with milliseconds only if there are any.
 * @param {number} atMs
 */
export function iso(atMs) {
  return new Date(atMs).toISOString().replace(".000Z", "Z");
}

/**
 * Return the span in two date fields; `shown` is the span that the page wrote into them. If the end is in an hour that
 * occurs twice, the second occurrence is used.
 * @param {string} from
 * @param {string} until
 * @param {Span | null} shown
 * @returns {Span}
 */
export function spanFields(from, until, shown) {
  return { fromMs: fieldMs(from, shown?.fromMs), untilMs: fieldMs(until, shown?.untilMs, true) };
}

/**
 * Return the URL parameters for the dates in two fields; "" for an empty field.
 * @param {string} from
 * @param {string} until
 * @param {Span | null} shown
 */
export function writtenFields(from, until, shown) {
  const { fromMs, untilMs } = spanFields(from, until, shown);
  /** @param {number} ms */
  const written = (ms) => (Number.isNaN(ms) ? "" : iso(ms));
  return { from: written(fromMs), until: written(untilMs) };
}

/**
 * Return the span after a move by a button or a key.
 * @param {Span} span
 * @param {Move} move
 * @param {number} nowMs
 * @param {SpanLimits} limits
 */
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

/**
 * Return the nearest allowed span of the same length, in whole seconds and at least a minute long.
 * @param {Span} span
 * @param {number} nowMs
 * @param {SpanLimits} limits
 * @returns {Span}
 */
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

/**
 * Return the spans of past days, weeks and months in the chosen zone, in the order of apps/metrics/spans.py.
 * @param {number} nowMs
 */
export function quickPicks(nowMs) {
  const today = Math.floor(toWallClock(nowMs) / DAY_MS) * DAY_MS;
  const at = new Date(today);
  const monday = today - ((at.getUTCDay() + 6) % 7) * DAY_MS;
  /** @param {number} back */
  const month = (back) => Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - back, 1);
  return [
    between(today - DAY_MS, today),
    between(today - 2 * DAY_MS, today - DAY_MS),
    between(monday - 7 * DAY_MS, monday),
    between(month(1), month(0)),
  ];
}

/**
 * @param {number} fromWallMs
 * @param {number} untilWallMs
 * @returns {Span}
 */
const between = (fromWallMs, untilWallMs) => ({
  fromMs: fromWallClock(fromWallMs),
  untilMs: fromWallClock(untilWallMs),
});

/**
 * Return a span as a range, used until the response with its grain arrives.
 * @param {Span} span
 * @param {ChartRange} before - the range it replaces
 * @returns {ChartRange}
 */
export function pastRange({ fromMs, untilMs }, before) {
  return {
    ...before,
    key: "",
    label: "the chosen dates",
    span_ms: untilMs - fromMs,
    until_ms: untilMs,
  };
}
