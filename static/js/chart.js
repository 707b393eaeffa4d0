// The chart: uPlot with our look. Gaps are breaks and hatched bands, events a lane above, the newest point is the red
// "now" edge.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { short } from "./figures.js";
import { drawEvents, groupAt, grouped } from "./chart-events.js";
import {
  drawBands,
  drawEdge,
  drawOffAir,
  drawUnits,
  timeTicks,
  writeTimes,
} from "./chart-marks.js";
import { onTheme } from "./theme.js";

const LEFT_PX = 48;
const RIGHT_PX = 46;
// Above the plot: the units, then the lane of events.
const TOP_PX = 46;
const VIEWERS_DASH = [7, 3];
const LEAST_DRAG_PX = 8;
const MOVES = { "+": "in", "=": "in", "-": "out", "[": "earlier", "]": "later" };

export class Chart {
  /**
   * `shapes`: a path per kind of event. `onReadout(point time in ms or null, marks there)` as the crosshair moves;
   * `onLayout(left, width)` of the plot, in px. `onZoom(span)` when one is marked out or dragged to, `onMove(kind)` by a
   * key, `onReset()` to leave a zoom, `onPick(ms)` when a time is clicked on, `onNote(ms or null)` by a key.
   */
  constructor(host, { shapes, onReadout, onLayout, onZoom, onMove, onReset, onPick, onNote }) {
    Object.assign(this, {
      host,
      shapes,
      onReadout,
      onLayout,
      onZoom,
      onMove,
      onReset,
      onPick,
      onNote,
    });
    this.state = {
      columns: [[]],
      bands: [],
      offAir: [],
      marks: [],
      fromMs: 0,
      untilMs: 1,
      edgeMs: null,
      units: ["", null],
    };
    this.tokens = readTokens();
    onTheme(() => this.recolour());
    new ResizeObserver(() => this.resize()).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener("click", () => this.readoutMs != null && this.onPick(this.readoutMs));
    host.addEventListener("blur", () => this.read(null));
    for (const type of ["pointermove", "pointerdown"])
      host.addEventListener(type, (event) => this.onLane(event));
    host.addEventListener("pointerleave", () => this.isInLane && this.leaveLane());
  }

  /** Draw `state`: columns (times in ms, then one or two series), bands, offAir, marks, the span, the edge and the units. */
  draw(state) {
    const isOther = !this.plot || state.columns.length !== this.state.columns.length;
    this.state = state;
    if (isOther) this.build();
    else this.plot.setData(state.columns, false);
    if (!this.isPanned) this.plot.setScale("x", { min: state.fromMs, max: state.untilMs });
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
      padding: [TOP_PX, hasViewers ? 0 : RIGHT_PX * this.tokens.k, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
        points: { size: 7 },
        bind: {
          mousedown: (plot, _target, select) => (event) =>
            event.shiftKey ? this.pan(plot, event) : select(event),
          dblclick: () => () => this.onReset(),
        },
      },
      scales: { x: { auto: false }, y: { range: withZero }, viewers: { range: aroundValues } },
      axes: [
        this.timeAxis(),
        this.valueAxis("y", LEFT_PX),
        ...(hasViewers ? [this.viewersAxis()] : []),
      ],
      series: [{}, this.mainSeries(), ...(hasViewers ? [this.viewersSeries()] : [])],
      hooks: {
        drawClear: [
          (plot) => drawOffAir(plot, this.state, this.tokens),
          (plot) => drawBands(plot, this.state, this.tokens),
        ],
        draw: [(plot) => this.drawTop(plot)],
        setCursor: [(plot) => this.onCursor(plot)],
        setSelect: [(plot) => this.onSelect(plot)],
      },
    };
  }

  mainSeries() {
    const [stroke, fill] = [() => this.tokens.s1, () => this.tokens.s1Fill];
    return { scale: "y", stroke, fill, width: 1.7, points: { show: false } };
  }

  viewersSeries() {
    return {
      scale: "viewers",
      stroke: () => this.tokens.s2,
      width: 1.7,
      dash: VIEWERS_DASH,
      points: { show: false },
    };
  }

  timeAxis() {
    const splits = (plot, _axis, min, max) => timeTicks(min, max, plot.width);
    return {
      ...this.axis(),
      size: 24 * this.tokens.k,
      grid: { show: false },
      splits,
      values: writeTimes,
    };
  }

  valueAxis(scale, size) {
    const grid = { stroke: () => this.tokens.grid, width: 1 };
    const values = (_plot, splits) => splits.map(short);
    return {
      ...this.axis(),
      scale,
      size: size * this.tokens.k,
      space: 44,
      grid,
      values,
      ticks: { show: false },
    };
  }

  viewersAxis() {
    return { ...this.valueAxis("viewers", RIGHT_PX), side: 1, grid: { show: false } };
  }

  axis() {
    const ticks = { stroke: () => this.tokens.lineStrong, width: 1, size: 4 };
    return {
      stroke: () => this.tokens.ink3,
      font: `${11 * this.tokens.k}px ${this.tokens.font}`,
      gap: 6,
      ticks,
    };
  }

  drawTop(plot) {
    drawUnits(plot, this.state.units, this.tokens);
    drawEdge(plot, this.state, this.tokens);
    drawEvents(plot, this.groups(), { shapes: this.shapes, read: this.readMark }, this.tokens);
    const { left, width } = plot.bbox;
    this.onLayout(left / devicePixelRatio, width / devicePixelRatio);
  }

  onCursor(plot) {
    const { idx, left } = plot.cursor;
    this.readoutMs = idx == null || left < 0 ? null : this.state.columns[0][idx];
    const marks = this.readoutMs === null ? [] : (groupAt(this.groups(), left)?.marks ?? []);
    this.onReadout(this.readoutMs, marks);
    if (marks[0]?.id === this.readMark) return;
    this.readMark = marks[0]?.id;
    plot.redraw(false);
  }

  /** A stretch was marked out with the pointer. */
  onSelect(plot) {
    const { left, width } = plot.select;
    if (width < LEAST_DRAG_PX) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom({ fromMs: plot.posToVal(left, "x"), untilMs: plot.posToVal(left + width, "x") });
  }

  /** Drag the time axis along with the pointer; what lies there is asked for once it is let go. */
  pan(plot, { clientX, button }) {
    if (button !== 0) return;
    const { fromMs, untilMs } = this.state;
    const msPerPx = (untilMs - fromMs) / plot.over.clientWidth;
    let by = 0;
    this.isPanned = true;
    const follow = (event) => {
      by = (clientX - event.clientX) * msPerPx;
      plot.setScale("x", { min: fromMs + by, max: untilMs + by });
    };
    const release = () => {
      document.removeEventListener("mousemove", follow);
      this.isPanned = false;
      if (by) this.onZoom({ fromMs: fromMs + by, untilMs: untilMs + by });
    };
    document.addEventListener("mousemove", follow);
    document.addEventListener("mouseup", release, { once: true });
  }

  groups() {
    const { marks, fromMs, untilMs } = this.state;
    const inView = marks.filter((mark) => mark.at_ms >= fromMs && mark.at_ms <= untilMs);
    return grouped(inView, (ms) => this.plot.valToPos(ms, "x"));
  }

  /** The crosshair follows the pointer in the plot; above it, in the lane, it goes to the event under the pointer. */
  onLane(event) {
    if (!this.plot) return;
    const { left, top } = this.plot.over.getBoundingClientRect();
    if (event.clientY >= top) {
      this.isInLane = false;
      return;
    }
    const group = groupAt(this.groups(), event.clientX - left);
    if (group) this.read(group.marks[0].at_ms);
    else if (this.isInLane) this.leaveLane();
    this.isInLane = group !== null;
  }

  leaveLane() {
    this.isInLane = false;
    this.read(null);
  }

  /** Put the crosshair on a time, or away with null. */
  read(atMs) {
    if (!this.plot) return;
    const left = atMs === null ? -10 : this.plot.valToPos(atMs, "x");
    this.plot.setCursor({ left, top: atMs === null ? -10 : 0 });
  }

  onKey(event) {
    const times = this.state.columns[0];
    if (event.key === "Escape") this.onReset();
    if (this.onLetter(event)) {
      event.preventDefault();
      return;
    }
    const target =
      event.key.toLowerCase() === "m"
        ? this.nextMark(event)
        : keyTarget(event, times, this.readoutMs);
    if (target === undefined) return;
    event.preventDefault();
    this.read(target);
  }

  /** Zoom, pan or begin a note; return whether the key was one of these. */
  onLetter({ key, altKey, ctrlKey, metaKey }) {
    if (altKey || ctrlKey || metaKey) return false;
    if (key === "n") this.onNote(this.readoutMs ?? null);
    else if (MOVES[key]) this.onMove(MOVES[key]);
    else return false;
    return true;
  }

  /** Return the time of the event after the readout, with Shift before it; undefined when there is none. */
  nextMark({ shiftKey, altKey, ctrlKey, metaKey }) {
    if (altKey || ctrlKey || metaKey || !this.plot) return undefined;
    const times = this.groups().map(({ marks }) => marks[0]);
    const at = times.findIndex(({ id }) => id === this.readMark);
    if (at >= 0) return times[at + (shiftKey ? -1 : 1)]?.at_ms;
    const from = this.readoutMs ?? (shiftKey ? Infinity : 0);
    return (
      shiftKey
        ? times.findLast((mark) => mark.at_ms <= from)
        : times.find((mark) => mark.at_ms >= from)
    )?.at_ms;
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

function withZero(_plot, min, max) {
  return [min < 0 ? min * 1.08 : 0, max > 0 ? max * 1.08 : 1];
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
    offAir: token("--surface-3"),
    gap: token("--gap"),
    gapLine: token("--gap-line"),
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
  };
}
