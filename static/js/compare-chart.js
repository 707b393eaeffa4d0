// @ts-check
// The chart of a comparison: a line per channel, with its own color and dash.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { readTokens, sizeOf, ticks, timeAxisOf, valueAxisOf } from "./chart-axes.js";
import { drawUnits } from "./chart-marks.js";
import { MISSING_AFTER_STEPS } from "./series.js";
import { onTheme } from "./theme.js";
import { pointTarget } from "./point-target.js";
import { HOUR_MS, MINUTE_MS } from "./times.js";

const LEFT_PX = 48;
const RIGHT_PX = 12;
const TOP_PX = 46;
const DASHES = [
  [],
  [7, 3],
  [2.5, 2.5],
  [9, 3, 2, 3],
  [14, 4],
  [5, 2, 2, 2, 2, 2],
  [1.5, 4],
  [12, 3, 2, 3, 2, 3],
  [4, 5],
  [20, 3],
];

/**
 * @typedef {object} Options
 * @property {string} unit
 * @property {boolean} isStreamTime
 * @property {string[]} names - of the channels
 * @property {(atMs: number | null, values: (number | null | undefined)[]) => void} onReadout - as the crosshair moves
 * @property {(left: number, width: number) => void} onLayout - of the plot, in px
 */

export class CompareChart {
  /** @type {uPlot | null} */
  plot = null;
  /** @type {uPlot.AlignedData} */
  columns = [[]];
  /** @type {number | null} */
  at = null;
  tokens = readTokens();

  /**
   * @param {HTMLElement} host
   * @param {Options} options
   */
  constructor(host, options) {
    this.host = host;
    this.options = options;
    onTheme(() => {
      this.tokens = readTokens();
      this.plot?.redraw(false, true);
    });
    new ResizeObserver(() => this.plot?.setSize(sizeOf(host))).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("blur", () => this.read(null));
  }

  /**
   * Draw columns: times in ms, then the values of each channel.
   * @param {uPlot.AlignedData} columns
   * @param {import("./span.js").Span} span
   */
  draw(columns, { fromMs, untilMs }) {
    this.columns = columns;
    if (this.plot) this.plot.setData(columns, false);
    else this.plot = new uPlot(this.plotOptions(), columns, this.host);
    this.plot.setScale("x", { min: fromMs, max: untilMs });
  }

  /** @returns {uPlot.Options} */
  plotOptions() {
    const tokens = () => this.tokens;
    const { isStreamTime, names } = this.options;
    return {
      ms: 1,
      ...sizeOf(this.host),
      padding: [TOP_PX, RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { auto: false },
        y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        isStreamTime ? timeAxisOf(tokens, ticks, writeHours) : timeAxisOf(tokens),
        valueAxisOf(tokens, LEFT_PX),
      ],
      series: [{}, ...names.map((label, i) => this.line(label, i))],
      hooks: { draw: [(plot) => this.drawTop(plot)], setCursor: [(plot) => this.onCursor(plot)] },
    };
  }

  /**
   * @param {string} label
   * @param {number} i
   * @returns {uPlot.Series}
   */
  line(label, i) {
    const stroke = () => this.tokens.series[i];
    return { label, stroke, width: 1.7, dash: DASHES[i], points: { show: false } };
  }

  /** @param {uPlot} plot */
  drawTop(plot) {
    drawUnits(plot, [this.options.unit, null], this.tokens);
    const { left, width } = plot.bbox;
    this.options.onLayout(left / devicePixelRatio, width / devicePixelRatio);
  }

  /** @param {uPlot} plot */
  onCursor(plot) {
    const { idx, left = -1 } = plot.cursor;
    this.at = idx == null || left < 0 ? null : idx;
    const { at } = this;
    const [times, ...lines] = this.columns;
    if (at === null) this.options.onReadout(null, []);
    else
      this.options.onReadout(
        times[at],
        lines.map((line) => line[at]),
      );
  }

  /**
   * Move the crosshair to a point; null removes it.
   * @param {number | null} at
   */
  read(at) {
    if (!this.plot) return;
    const left = at === null ? -10 : this.plot.valToPos(this.columns[0][at], "x");
    this.plot.setCursor({ left, top: at === null ? -10 : 0 });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const count = this.columns[0].length;
    if (event.key === "Escape") this.read(null);
    const target = pointTarget(event, count, this.at ?? count - 1);
    if (target === undefined) return;
    event.preventDefault();
    this.read(target);
  }
}

/**
 * Return columns for uPlot from lines with different times. A null interrupts a line where windows are missing.
 * @param {ComparedLine[]} lines
 * @param {{ isStreamTime: boolean, isIndex: boolean }} options
 */
export function columnsOf(lines, { isStreamTime, isIndex }) {
  return uPlot.join(
    lines.map((line) => columns(line, isStreamTime ? (line.zero_ms ?? 0) : 0, isIndex)),
    // A line is interrupted only where it has a null, not where it has no point at another line's time.
    lines.map(() => [0, 1]),
  );
}

/**
 * @param {ComparedLine} line
 * @param {number} zeroMs
 * @param {boolean} isIndex
 * @returns {uPlot.AlignedData}
 */
function columns({ end_ms: ends, values, step_ms: stepMs, average }, zeroMs, isIndex) {
  /** @type {number[]} */
  const times = [];
  /** @type {(number | null)[]} */
  const column = [];
  ends.forEach((endMs, i) => {
    if (i > 0 && endMs - ends[i - 1] > MISSING_AFTER_STEPS * (stepMs ?? 0)) {
      times.push(ends[i - 1] - zeroMs + 1);
      column.push(null);
    }
    const value = values[i];
    times.push(endMs - zeroMs);
    column.push(value === null || !isIndex ? value : average ? (value / average) * 100 : null);
  });
  return [times, column];
}

/**
 * @param {unknown} _plot
 * @param {number[]} splits
 */
function writeHours(_plot, splits) {
  return splits.map((at) => {
    const minutes = Math.floor((at % HOUR_MS) / MINUTE_MS);
    return `${Math.floor(at / HOUR_MS)}:${String(minutes).padStart(2, "0")} h`;
  });
}
