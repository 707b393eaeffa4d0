// @ts-check
// The axes of charts, with ticks at round times in the chosen zone, and colors and sizes from the theme.

import { short } from "./figures.js";
import {
  day,
  DAY_MS,
  hm,
  hms,
  HOUR_MS,
  isTwice,
  MINUTE_MS,
  offsetOf,
  offsetText,
  fromWallClock,
  toWallClock,
} from "./times.js";

/**
 * @typedef {ReturnType<typeof readTokens>} Tokens
 * @typedef {uPlot.Axis} Axis
 */

const TICK_STEPS_MS = [
  0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 7200, 14_400, 28_800,
  43_200, 86_400,
].map((min) => min * MINUTE_MS);
const TICK_ROOM_PX = 88;

/**
 * Return ticks at round times in the chosen zone, with room for the "now" label on the right. If the clocks change in
 * the range, each tick is computed with both the old and the new offset. If an hour occurs twice and ticks are more
 * than an hour apart, only the first occurrence gets a tick.
 * @param {number} min
 * @param {number} max
 * @param {number} widthPx
 */
export function timeTicks(min, max, widthPx) {
  const step = stepOf(min, max, widthPx);
  const end = clearOf(min, max, widthPx);
  /** @type {Map<number, number>} */
  const byLabel = new Map();
  for (const offset of new Set([offsetOf(min), offsetOf(max)])) {
    for (let shown = Math.ceil((min + offset) / step) * step; shown < end + offset; shown += step) {
      const at = timestampAt(shown, offset);
      if (at === null || at < min || at >= end) continue;
      const key = step > HOUR_MS ? shown : at;
      if (!byLabel.has(key)) byLabel.set(key, at);
    }
  }
  return [...new Set(byLabel.values())].sort((a, b) => a - b);
}

/**
 * Return ticks at round durations, for an axis of durations.
 * @param {number} min
 * @param {number} max
 * @param {number} widthPx
 */
export function ticks(min, max, widthPx) {
  const step = stepOf(min, max, widthPx);
  const end = clearOf(min, max, widthPx);
  const times = [];
  for (let at = Math.ceil(min / step) * step; at < end; at += step) times.push(at);
  return times;
}

/**
 * @param {number} min
 * @param {number} max
 * @param {number} widthPx
 * @returns {number}
 */
function stepOf(min, max, widthPx) {
  const wanted = Math.max(3, Math.floor(widthPx / TICK_ROOM_PX));
  return (
    TICK_STEPS_MS.find((ms) => (max - min) / ms <= wanted) ??
    TICK_STEPS_MS[TICK_STEPS_MS.length - 1]
  );
}

/**
 * @param {number} min
 * @param {number} max
 * @param {number} widthPx
 */
const clearOf = (min, max, widthPx) => max - ((max - min) * 44) / widthPx;

/**
 * Return the timestamp at which a clock with this offset shows `shown`, or null if the clock skips that time. For a
 * skipped midnight, return the start of the day.
 * @param {number} shown
 * @param {number} offset
 */
function timestampAt(shown, offset) {
  if (toWallClock(shown - offset) === shown) return shown - offset;
  return shown % DAY_MS === 0 ? fromWallClock(shown) : null;
}

/**
 * Write times of day, and the date at midnight. A time that occurs twice is followed by its offset from UTC.
 * @param {unknown} _plot
 * @param {number[]} splits
 */
export function writeTimes(_plot, splits) {
  const inSeconds = splits.length > 1 && splits[1] - splits[0] < MINUTE_MS;
  const time = inSeconds ? hms : hm;
  /** @param {number} at */
  const written = (at) => (isTwice(at) ? `${time(at)} ${offsetText(at)}` : time(at));
  return splits.map((at) => (day(at) === day(at - 1) ? written(at) : day(at)));
}

/**
 * Return the theme's colors, font and scale for charts. `zoom` scales all lengths in CSS px; `px` is the number of
 * device pixels per CSS px.
 * @param {number} [zoom] - 1 except in PNG exports
 */
export function readTokens(zoom = 1) {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    s1: token("--s1"),
    s1Fill: token("--s1-fill"),
    s2: token("--s2"),
    series: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((n) => token(`--s${n}`)),
    grid: token("--grid"),
    offAir: token("--surface-3"),
    gap: token("--gap"),
    gapLine: token("--gap-line"),
    bad: token("--bad"),
    warn: token("--warn"),
    ink: token("--ink"),
    ink3: token("--ink-3"),
    inverse: token("--inverse"),
    onInverse: token("--on-inverse"),
    lineControl: token("--line-control"),
    lineStrong: token("--line-strong"),
    surface: token("--surface"),
    signal: token("--signal"),
    focus: token("--focus"),
    font: token("--font-sans"),
    k: Number(token("--k")),
    zoom,
    get px() {
      return zoom * devicePixelRatio;
    },
  };
}

/**
 * Return the options that all axes of a chart share.
 * @param {() => Tokens} tokens
 * @returns {Axis}
 */
export function axisOf(tokens) {
  const { k, font, zoom } = tokens();
  return {
    stroke: () => tokens().ink3,
    font: `${11 * k * zoom}px ${font}`,
    gap: 6 * zoom,
    ticks: { stroke: () => tokens().lineStrong, width: zoom, size: 4 * zoom },
  };
}

/**
 * Return a value axis with grid lines.
 * @param {() => Tokens} tokens
 * @param {number} sizePx
 * @param {() => import("./chart-scales.js").ValueScale} scale
 * @returns {Axis}
 */
export function valueAxisOf(tokens, sizePx, scale) {
  const { k, zoom } = tokens();
  return {
    ...axisOf(tokens),
    size: sizePx * k * zoom,
    splits: () => scale().ticks,
    grid: { stroke: () => tokens().grid, width: zoom },
    values: (_plot, splits) => splits.map(short),
    ticks: { show: false },
  };
}

/**
 * Return the time axis; `splits` places its ticks and `values` labels them.
 * @param {() => Tokens} tokens
 * @param {(min: number, max: number, widthPx: number) => number[]} [splits]
 * @param {(plot: unknown, splits: number[]) => string[]} [values]
 * @returns {Axis}
 */
export function timeAxisOf(tokens, splits = timeTicks, values = writeTimes) {
  return {
    ...axisOf(tokens),
    size: 24 * tokens().k * tokens().zoom,
    grid: { show: false },
    splits: (plot, _axis, min, max) => splits(min, max, plot.width / tokens().zoom),
    values,
  };
}

/**
 * Return the size of a chart in its element.
 * @param {HTMLElement} host
 */
export const sizeOf = (host) => ({
  width: Math.max(260, host.clientWidth),
  height: host.clientHeight,
});
