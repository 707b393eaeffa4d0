// @ts-check
// The chart of one metric of a comparison: a line per channel, with its own color and dash, and a thin line for the
// previous period.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { readTokens, sizeOf, ticks, timeAxisOf, valueAxisOf } from "./chart-axes.js";
import { drawUnits } from "./chart-marks.js";
import { scaleOf } from "./chart-scales.js";
import { drawEndLabels, LABELED_FROM_PX, LABELS_PX } from "./end-labels.js";
import { drawApart, PICTURE_SCALE } from "./picture.js";
import { onTheme } from "./theme.js";
import { pointTarget } from "./point-target.js";
import { HOUR_MS, MINUTE_MS } from "./times.js";

const LEFT_PX = 48;
const RIGHT_PX = 12;
// The space above a single chart's plot, for the unit. If there are several charts, their headings include the units.
const TOP_PX = 46;
const SMALL_TOP_PX = 10;
const SMALL_PICTURE_PX = 220;
const [LINE_PX, PREVIOUS_PX] = [1.7, 1];
const PREVIOUS_DASH = [3, 3];
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
 * @property {string} unit - shown above the value axis; "" if the chart has a heading
 * @property {number} decimals - the decimal places of the values
 * @property {boolean} isStreamTime
 * @property {boolean} hasTimes - the time axis has labels
 * @property {boolean} isSmall - one of several charts
 * @property {string[]} names - the names of the channels
 * @property {(at: number | null) => void} onReadout - the position of the point under the crosshair as it moves
 * @property {(left: number, width: number) => void} onLayout - the position and width of the plot, in px
 */

export class CompareChart {
  /** @type {uPlot | null} */
  plot = null;
  /** @type {uPlot.AlignedData} */
  columns = [[]];
  /** @type {import("./span.js").Span} */
  span = { fromMs: 0, untilMs: 1 };
  /** @type {number[]} */
  previous = [];
  /** @type {number | null} */
  at = null;
  scale = scaleOf([], 0);

  /**
   * @param {HTMLElement} host
   * @param {Options} options
   * @param {boolean} [isPicture] - drawn for a PNG export, outside the page
   */
  constructor(host, options, isPicture = false) {
    this.host = host;
    this.options = options;
    this.tokens = readTokens(isPicture ? PICTURE_SCALE / devicePixelRatio : 1);
    if (isPicture) return;
    onTheme(() => {
      this.tokens = readTokens();
      this.plot?.redraw(false, true);
    });
    new ResizeObserver(() => this.plot?.setSize(sizeOf(host))).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("blur", () => this.read(null));
  }

  /**
   * Draw columns: times in ms, then the values of each channel, then the previous ones.
   * @param {uPlot.AlignedData} columns
   * @param {import("./span.js").Span} span
   * @param {number[]} previous - the positions of the channels that have a previous-period line
   */
  draw(columns, span, previous) {
    const [, ...values] = columns;
    this.columns = columns;
    this.span = span;
    this.previous = previous;
    this.scale = scaleOf(
      values.map((column) => [...column]),
      this.options.decimals,
    );
    this.host.classList.toggle("is-blank", this.scale.ticks.length === 0);
    if (this.plot?.series.length === columns.length) this.plot.setData(columns, false);
    else {
      this.plot?.destroy();
      this.plot = new uPlot(this.plotOptions(), columns, this.host);
    }
    this.plot.setScale("x", { min: span.fromMs, max: span.untilMs });
  }

  /** @returns {uPlot.Options} */
  plotOptions() {
    const tokens = () => this.tokens;
    const { zoom } = this.tokens;
    const { isStreamTime, isSmall, names } = this.options;
    return {
      ms: 1,
      ...sizeOf(this.host),
      padding: [(isSmall ? SMALL_TOP_PX : TOP_PX) * zoom, () => this.rightPx() * zoom, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { auto: false },
        y: { range: () => [this.scale.min, this.scale.max] },
      },
      axes: [
        {
          ...(isStreamTime ? timeAxisOf(tokens, ticks, writeHours) : timeAxisOf(tokens)),
          ...this.timesHidden(),
        },
        valueAxisOf(tokens, LEFT_PX, () => this.scale),
      ],
      series: [
        {},
        ...names.map((label, i) => this.line(label, i, LINE_PX, DASHES[i])),
        ...this.previous.map((i) => this.line(names[i], i, PREVIOUS_PX, PREVIOUS_DASH)),
      ],
      hooks: { draw: [(plot) => this.drawRest(plot)], setCursor: [(plot) => this.onCursor(plot)] },
    };
  }

  /**
   * @param {string} label
   * @param {number} i
   * @param {number} widthPx
   * @param {number[]} dash
   * @returns {uPlot.Series}
   */
  line(label, i, widthPx, dash) {
    const { zoom, px } = this.tokens;
    return {
      label,
      stroke: () => this.tokens.series[i],
      width: widthPx * zoom,
      dash: dash.map((length) => length * px),
      points: { show: false },
    };
  }

  /**
   * Return options that hide the labels of the time axis if a chart below shows them.
   * @returns {uPlot.Axis}
   */
  timesHidden() {
    if (this.options.hasTimes) return {};
    return { size: 8 * this.tokens.zoom, values: (_plot, splits) => splits.map(() => "") };
  }

  /** The space to the right of the plot. In a wide chart, it contains the names of the lines. */
  rightPx() {
    return this.hasLabels ? LABELS_PX : RIGHT_PX;
  }

  get hasLabels() {
    return sizeOf(this.host).width / this.tokens.zoom >= LABELED_FROM_PX;
  }

  /** @param {uPlot} plot */
  drawRest(plot) {
    if (this.options.unit) drawUnits(plot, [this.options.unit, null], this.tokens);
    const lines = this.options.names.map((name, i) => ({ name, color: this.tokens.series[i] }));
    if (this.hasLabels) drawEndLabels(plot, lines, this.tokens);
    const { left, width } = plot.bbox;
    this.options.onLayout(left / devicePixelRatio, width / devicePixelRatio);
  }

  /** @param {uPlot} plot */
  onCursor(plot) {
    const { idx, left = -1 } = plot.cursor;
    const before = this.at;
    this.at = idx == null || left < 0 ? null : idx;
    // uPlot also reports that there is no crosshair, for example while it draws.
    if (this.at !== null || before !== null) this.options.onReadout(this.at);
  }

  /**
   * Move the crosshair to a point; null removes it.
   * @param {number | null} at
   * @param {boolean} [tells] - report the move
   */
  read(at, tells = true) {
    if (!this.plot) return;
    const left = at === null ? -10 : this.plot.valToPos(this.columns[0][at], "x");
    this.plot.setCursor({ left, top: at === null ? -10 : 0 }, tells);
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

  /**
   * Return the lines of the legend.
   * @param {string | null | undefined} previousName - the name of the thin lines, if there are any
   */
  legend(previousName) {
    const lines = this.options.names.map((label, i) => ({
      label,
      color: this.tokens.series[i],
      dash: DASHES[i],
      width: LINE_PX,
    }));
    if (!previousName) return lines;
    const before = { color: this.tokens.ink3, dash: PREVIOUS_DASH, width: PREVIOUS_PX };
    return [...lines, { label: previousName, ...before }];
  }

  /** Draw the chart for a PNG export. */
  picture() {
    return drawApart(
      (host) => {
        const chart = new CompareChart(host, { ...this.options, onReadout, onLayout }, true);
        chart.draw(this.columns, this.span, this.previous);
        return chart;
      },
      this.options.isSmall ? SMALL_PICTURE_PX : undefined,
    );
  }
}

const onReadout = () => {};
const onLayout = () => {};

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
