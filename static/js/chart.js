// The chart: uPlot with our look. Gaps are breaks and hatched bands, the newest point is the red "now" edge.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { short } from "./figures.js";
import { drawBands, drawEdge, drawUnits, timeTicks, writeTimes } from "./chart-marks.js";
import { onTheme } from "./theme.js";

const LEFT_PX = 48;
const RIGHT_PX = 46;
const VIEWERS_DASH = [7, 3];

export class Chart {
  /** `onReadout(point time in ms or null)` as the crosshair moves; `onLayout(left, width)` of the plot, in px. */
  constructor(host, { onReadout, onLayout }) {
    Object.assign(this, { host, onReadout, onLayout });
    this.state = { columns: [[]], bands: [], fromMs: 0, untilMs: 1, edgeMs: null, units: ["", null] };
    this.tokens = readTokens();
    onTheme(() => this.recolour());
    new ResizeObserver(() => this.resize()).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("blur", () => this.read(null));
  }

  /** Draw `state`: columns (times in ms, then one or two series), bands, the span, the edge and the units. */
  draw(state) {
    const isOther = !this.plot || state.columns.length !== this.state.columns.length;
    this.state = state;
    if (isOther) this.build();
    else this.plot.setData(state.columns, false);
    this.plot.setScale("x", { min: state.fromMs, max: state.untilMs });
    if (this.readoutMs != null) this.read(this.readoutMs);
  }

  build() {
    this.plot?.destroy();
    this.plot = new uPlot(this.options(), this.state.columns, this.host);
  }

  options() {
    const hasViewers = this.state.columns.length > 2;
    return {
      ms: 1,
      ...this.size(),
      padding: [26, hasViewers ? 0 : RIGHT_PX, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { auto: false }, y: { range: fromZero }, viewers: { range: aroundValues } },
      axes: [this.timeAxis(), this.valueAxis("y", LEFT_PX), ...(hasViewers ? [this.viewersAxis()] : [])],
      series: [{}, this.mainSeries(), ...(hasViewers ? [this.viewersSeries()] : [])],
      hooks: {
        drawClear: [(plot) => drawBands(plot, this.state, this.tokens)],
        draw: [(plot) => this.drawTop(plot)],
        setCursor: [(plot) => this.onCursor(plot)],
      },
    };
  }

  mainSeries() {
    const [stroke, fill] = [() => this.tokens.s1, () => this.tokens.s1Fill];
    return { scale: "y", stroke, fill, width: 1.7, points: { show: false } };
  }

  viewersSeries() {
    return { scale: "viewers", stroke: () => this.tokens.s2, width: 1.7, dash: VIEWERS_DASH, points: { show: false } };
  }

  timeAxis() {
    const splits = (plot, _axis, min, max) => timeTicks(min, max, plot.width);
    return { ...this.axis(), size: 24, grid: { show: false }, splits, values: writeTimes };
  }

  valueAxis(scale, size) {
    const grid = { stroke: () => this.tokens.grid, width: 1 };
    const values = (_plot, splits) => splits.map(short);
    return { ...this.axis(), scale, size, space: 44, grid, values, ticks: { show: false } };
  }

  viewersAxis() {
    return { ...this.valueAxis("viewers", RIGHT_PX), side: 1, grid: { show: false } };
  }

  axis() {
    const ticks = { stroke: () => this.tokens.lineStrong, width: 1, size: 4 };
    return { stroke: () => this.tokens.ink3, font: `11px ${this.tokens.font}`, gap: 6, ticks };
  }

  drawTop(plot) {
    drawUnits(plot, this.state.units, this.tokens);
    drawEdge(plot, this.state, this.tokens);
    const { left, width } = plot.bbox;
    this.onLayout(left / devicePixelRatio, width / devicePixelRatio);
  }

  onCursor(plot) {
    const { idx, left } = plot.cursor;
    this.readoutMs = idx == null || left < 0 ? null : this.state.columns[0][idx];
    this.onReadout(this.readoutMs);
  }

  /** Put the crosshair on a time, or away with null. */
  read(atMs) {
    if (!this.plot) return;
    const left = atMs === null ? -10 : this.plot.valToPos(atMs, "x");
    this.plot.setCursor({ left, top: atMs === null ? -10 : 0 });
  }

  onKey(event) {
    const times = this.state.columns[0];
    const target = keyTarget(event, times, this.readoutMs);
    if (target === undefined) return;
    event.preventDefault();
    this.read(target);
  }

  recolour() {
    this.tokens = readTokens();
    this.plot?.redraw(false, true);
  }

  resize() {
    this.plot?.setSize(this.size());
  }

  size() {
    return { width: Math.max(260, this.host.clientWidth), height: this.host.clientHeight };
  }
}

/** Return the time a key leads to, null for away, undefined for a key that is not ours. */
function keyTarget(event, times, readoutMs) {
  const last = times.length - 1;
  const at = readoutMs == null ? last : times.indexOf(readoutMs);
  const step = event.shiftKey ? 10 : 1;
  const places = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last };
  if (event.key === "Escape") return null;
  if (last < 0 || !(event.key in places)) return undefined;
  return times[Math.min(last, Math.max(0, places[event.key]))];
}

function fromZero(_plot, _min, max) {
  return [0, max > 0 ? max * 1.08 : 1];
}

function aroundValues(_plot, min, max) {
  if (min == null) return [0, 1];
  const spread = Math.max(max - min, max * 0.02, 1);
  return [Math.max(0, min - spread * 0.9), max + spread * 0.2];
}

function readTokens() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    s1: token("--s1"),
    s1Fill: token("--s1-fill"),
    s2: token("--s2"),
    grid: token("--grid"),
    gap: token("--gap"),
    gapLine: token("--gap-line"),
    warn: token("--warn"),
    ink3: token("--ink-3"),
    lineStrong: token("--line-strong"),
    surface: token("--surface"),
    signal: token("--signal"),
    font: token("--font-sans"),
  };
}
