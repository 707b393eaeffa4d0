// The chart of a comparison: a line a channel, told apart by colour and dash.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { drawUnits, ticks as ticksFromZero, timeTicks, writeTimes } from "./chart-marks.js";
import { short } from "./figures.js";
import { onTheme } from "./theme.js";

const LEFT_PX = 48;
const RIGHT_PX = 12;
const TOP_PX = 46;
const HOUR_MS = 3_600_000;
const MISSING_AFTER_STEPS = 2.5;
const DASHES = [[], [7, 3], [2.5, 2.5], [9, 3, 2, 3], [14, 4], [5, 2, 2, 2, 2, 2]];

export class CompareChart {
  /** `onReadout(time or null, values)` as the crosshair moves; `onLayout(left, width)` of the plot, in px. */
  constructor(host, { unit, isStreamTime, names, onReadout, onLayout }) {
    Object.assign(this, { host, unit, isStreamTime, names, onReadout, onLayout });
    this.tokens = readTokens();
    onTheme(() => {
      this.tokens = readTokens();
      this.plot?.redraw(false, true);
    });
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("blur", () => this.read(null));
  }

  /** Draw columns: times in ms, then one of values a channel. */
  draw(columns, { fromMs, untilMs }) {
    this.columns = columns;
    if (!this.plot) this.plot = new uPlot(this.options(), columns, this.host);
    else this.plot.setData(columns, false);
    this.plot.setScale("x", { min: fromMs, max: untilMs });
  }

  options() {
    const ticks = { stroke: () => this.tokens.lineStrong, width: 1, size: 4 };
    const axis = {
      stroke: () => this.tokens.ink3,
      font: `${11 * this.tokens.k}px ${this.tokens.font}`,
      gap: 6,
      ticks,
    };
    return {
      ms: 1,
      ...this.size(),
      padding: [TOP_PX, RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { auto: false },
        y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.08 : 1] },
      },
      axes: [
        {
          ...axis,
          size: 24 * this.tokens.k,
          grid: { show: false },
          splits: (plot, _axis, min, max) =>
            (this.isStreamTime ? ticksFromZero : timeTicks)(min, max, plot.width),
          values: this.isStreamTime ? writeHours : writeTimes,
        },
        {
          ...axis,
          size: LEFT_PX * this.tokens.k,
          space: 44,
          grid: { stroke: () => this.tokens.grid, width: 1 },
          values: (_plot, splits) => splits.map(short),
          ticks: { show: false },
        },
      ],
      series: [{}, ...this.names.map((label, i) => this.line(label, i))],
      hooks: { draw: [(plot) => this.drawTop(plot)], setCursor: [(plot) => this.onCursor(plot)] },
    };
  }

  line(label, i) {
    return {
      label,
      stroke: () => this.tokens.series[i],
      width: 1.7,
      dash: DASHES[i],
      points: { show: false },
    };
  }

  drawTop(plot) {
    drawUnits(plot, [this.unit, null], this.tokens);
    const { left, width } = plot.bbox;
    this.onLayout(left / devicePixelRatio, width / devicePixelRatio);
  }

  onCursor(plot) {
    const { idx, left } = plot.cursor;
    this.at = idx == null || left < 0 ? null : idx;
    if (this.at === null) this.onReadout(null, []);
    else
      this.onReadout(
        this.columns[0][idx],
        this.columns.slice(1).map((column) => column[idx]),
      );
  }

  read(at) {
    const left = at === null ? -10 : this.plot.valToPos(this.columns[0][at], "x");
    this.plot?.setCursor({ left, top: at === null ? -10 : 0 });
  }

  onKey(event) {
    const last = (this.columns?.[0].length ?? 0) - 1;
    if (event.key === "Escape") this.read(null);
    const [at, step] = [this.at ?? last, event.shiftKey ? 10 : 1];
    const places = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last };
    if (last < 0 || !(event.key in places)) return;
    event.preventDefault();
    this.read(Math.min(last, Math.max(0, places[event.key])));
  }

  size() {
    return { width: Math.max(260, this.host.clientWidth), height: this.host.clientHeight };
  }
}

/** Columns for uPlot out of lines whose times differ; a null breaks a line where windows are missing. */
export function columnsOf(lines, { isStreamTime, isIndex }) {
  return uPlot.join(
    lines.map((line) => columns(line, isStreamTime ? line.zero_ms : 0, isIndex)),
    // What a line has no time for is no break of it; what it has a null for is one.
    lines.map(() => [0, 1]),
  );
}

function columns({ end_ms: ends, values, step_ms: stepMs, average }, zeroMs, isIndex) {
  const [times, column] = [[], []];
  ends.forEach((endMs, i) => {
    const at = endMs - zeroMs;
    if (i > 0 && endMs - ends[i - 1] > MISSING_AFTER_STEPS * stepMs) {
      times.push(ends[i - 1] - zeroMs + 1);
      column.push(null);
    }
    times.push(at);
    column.push(
      values[i] === null || !isIndex ? values[i] : average ? (values[i] / average) * 100 : null,
    );
  });
  return [times, column];
}

function writeHours(_plot, ticks) {
  return ticks.map(
    (at) =>
      `${Math.floor(at / HOUR_MS)}:${String(Math.floor((at % HOUR_MS) / 60_000)).padStart(2, "0")} h`,
  );
}

function readTokens() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((n) => token(`--s${n}`)),
    grid: token("--grid"),
    ink3: token("--ink-3"),
    lineStrong: token("--line-strong"),
    font: token("--font-sans"),
    k: Number(token("--k")),
  };
}
