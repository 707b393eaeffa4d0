// @ts-check
// The chart: uPlot in Twitchly's design. Lines are interrupted at gaps, which are hatched. Events are in a lane above
// the plot. A red edge marks the newest point, "now".

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { readTokens, sizeOf, timeAxisOf, valueAxisOf } from "./chart-axes.js";
import { drawEvents, groupAt, grouped } from "./chart-events.js";
import { drawBands, drawEdge, drawShades, drawUnits } from "./chart-marks.js";
import { scaleOf } from "./chart-scales.js";
import { drawApart, PICTURE_SCALE } from "./picture.js";
import { pointTarget } from "./point-target.js";
import { onTheme } from "./theme.js";

const LEFT_PX = 48;
const RIGHT_PX = 46;
// Above the plot: the units, then the lane of events.
const TOP_PX = 46;
const VIEWERS_DASH = [7, 3];
const LINE_PX = 1.7;
const LEAST_DRAG_PX = 8;

/**
 * @typedef {import("./span.js").Span} Span
 * @typedef {import("./span.js").Move} Move
 *
 * @typedef {object} ChartState
 * @property {[number[], ...(number | null)[][]]} columns - times in ms, then the values of one or two lines
 * @property {Stretch[]} bands - the gaps to hatch
 * @property {import("./chart-marks.js").Shade[]} shades - spans without a line, each with its reason
 * @property {EventMark[]} marks
 * @property {number} fromMs
 * @property {number} untilMs
 * @property {number | null} edgeMs
 * @property {[string, string | null]} units
 * @property {number} decimals - the decimal places of the first line; the second line has none
 *
 * @typedef {object} Listeners
 * @property {(atMs: number | null, marks: EventMark[]) => void} onReadout - the crosshair moved, or was removed (null)
 * @property {(left: number, width: number) => void} onLayout - the position and width of the plot, in px
 * @property {(span: Span) => void} onZoom - the user selected a span or dragged the chart to one
 * @property {(move: Move) => void} onMove - the user pressed a key that zooms or pans
 * @property {() => void} onReset - the user reset the zoom
 * @property {(atMs: number) => void} onPick - the user clicked a time
 * @property {(atMs: number | null) => void} onNote - the user pressed the key that adds a note
 */

/** @type {Map<string, Move>} */
const MOVES = new Map([
  ["+", "in"],
  ["=", "in"],
  ["-", "out"],
  ["[", "earlier"],
  ["]", "later"],
]);

export class Chart {
  /** @type {uPlot | null} */
  plot = null;
  /** @type {ChartState} */
  state = {
    columns: [[]],
    bands: [],
    shades: [],
    marks: [],
    fromMs: 0,
    untilMs: 1,
    edgeMs: null,
    units: ["", null],
    decimals: 0,
  };
  /** The scales of the left and the right axis, with their ticks at the same heights. */
  scales = [scaleOf([], 0), scaleOf([], 0)];
  /** @type {number | null} */
  readoutMs = null;
  /** @type {string | null} */
  readMark = null;
  isPanned = false;
  isInLane = false;

  /**
   * @param {HTMLElement} host
   * @param {Partial<Listeners>} listeners
   * @param {boolean} [isPicture] - drawn for a PNG export, outside the page
   */
  constructor(host, listeners, isPicture = false) {
    this.host = host;
    this.listeners = listeners;
    this.tokens = readTokens(isPicture ? PICTURE_SCALE / devicePixelRatio : 1);
    if (isPicture) return;
    onTheme(() => this.recolor());
    new ResizeObserver(() => this.plot?.setSize(sizeOf(host))).observe(host);
    host.addEventListener("keydown", (event) => this.onKey(event));
    host.addEventListener(
      "click",
      () => this.readoutMs !== null && listeners.onPick?.(this.readoutMs),
    );
    host.addEventListener("blur", () => this.read(null));
    host.addEventListener("pointermove", (event) => this.onLane(event));
    host.addEventListener("pointerdown", (event) => this.onLane(event));
    host.addEventListener("pointerleave", () => this.isInLane && this.leaveLane());
  }

  /**
   * Draw the chart in a given state.
   * @param {ChartState} state
   */
  draw(state) {
    const isOther = state.columns.length !== this.state.columns.length;
    this.state = state;
    const [, main, viewers = []] = state.columns;
    const scale = scaleOf([main ?? []], state.decimals);
    this.scales = [scale, scaleOf([viewers], 0, scale.below)];
    // Without any values, the chart has no axes and shows only its message.
    const isBlank = this.scales.every(({ ticks }) => ticks.length === 0);
    this.host.classList.toggle("is-blank", isBlank);
    if (isOther || !this.plot) this.plot = this.build();
    else this.plot.setData(state.columns, false);
    if (!this.isPanned) this.plot.setScale("x", { min: state.fromMs, max: state.untilMs });
    if (this.readoutMs !== null) this.read(this.readoutMs);
  }

  build() {
    this.plot?.destroy();
    return new uPlot(this.options(), this.state.columns, this.host);
  }

  /** @returns {uPlot.Options} */
  options() {
    const hasViewers = this.state.columns.length > 2;
    const tokens = () => this.tokens;
    const { k, zoom } = this.tokens;
    const right = valueAxisOf(tokens, RIGHT_PX, () => this.scales[1]);
    return {
      ms: 1,
      ...sizeOf(this.host),
      padding: [TOP_PX * zoom, hasViewers ? 0 : RIGHT_PX * k * zoom, 0, 0],
      legend: { show: false },
      cursor: this.cursor(),
      scales: {
        x: { auto: false },
        y: { range: () => rangeOf(this.scales[0]) },
        viewers: { range: () => rangeOf(this.scales[1]) },
      },
      axes: [
        timeAxisOf(tokens),
        { ...valueAxisOf(tokens, LEFT_PX, () => this.scales[0]), scale: "y" },
        ...(hasViewers ? [{ ...right, scale: "viewers", side: 1, grid: { show: false } }] : []),
      ],
      series: [{}, this.mainSeries(), ...(hasViewers ? [this.viewersSeries()] : [])],
      hooks: {
        drawClear: [
          (plot) => drawShades(plot, this.state, this.tokens),
          (plot) => drawBands(plot, this.state, this.tokens),
        ],
        draw: [(plot) => this.drawTop(plot)],
        setCursor: [(plot) => this.onCursor(plot)],
        setSelect: [(plot) => this.onSelect(plot)],
      },
    };
  }

  /** @returns {uPlot.Cursor} */
  cursor() {
    return {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
      points: { size: 7 },
      bind: {
        mousedown: (plot, _target, select) => (event) => {
          if (event.shiftKey) this.pan(plot, event);
          else select(event);
          return null;
        },
        dblclick: () => () => {
          this.listeners.onReset?.();
          return null;
        },
      },
    };
  }

  /** @returns {uPlot.Series} */
  mainSeries() {
    const [stroke, fill] = [() => this.tokens.s1, () => this.tokens.s1Fill];
    return { scale: "y", stroke, fill, width: LINE_PX * this.tokens.zoom, points: { show: false } };
  }

  /** @returns {uPlot.Series} */
  viewersSeries() {
    const [stroke, width] = [() => this.tokens.s2, LINE_PX * this.tokens.zoom];
    const dash = VIEWERS_DASH.map((length) => length * this.tokens.px);
    return { scale: "viewers", stroke, width, dash, points: { show: false } };
  }

  /** @param {uPlot} plot */
  drawTop(plot) {
    drawUnits(plot, this.state.units, this.tokens);
    drawEdge(plot, this.state, this.tokens);
    drawEvents(plot, this.groups(plot), this.readMark, this.tokens);
    const { left, width } = plot.bbox;
    this.listeners.onLayout?.(left / devicePixelRatio, width / devicePixelRatio);
  }

  /** @param {uPlot} plot */
  onCursor(plot) {
    const { idx, left = -1 } = plot.cursor;
    this.readoutMs = idx == null || left < 0 ? null : this.state.columns[0][idx];
    const marks = this.readoutMs === null ? [] : (groupAt(this.groups(plot), left)?.marks ?? []);
    this.listeners.onReadout?.(this.readoutMs, marks);
    const read = marks[0]?.id ?? null;
    if (read === this.readMark) return;
    this.readMark = read;
    plot.redraw(false);
  }

  /**
   * Zoom to the span that was selected with the pointer.
   * @param {uPlot} plot
   */
  onSelect(plot) {
    const { left, width } = plot.select;
    if (width < LEAST_DRAG_PX) return;
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    const [fromMs, untilMs] = [plot.posToVal(left, "x"), plot.posToVal(left + width, "x")];
    this.listeners.onZoom?.({ fromMs, untilMs });
  }

  /**
   * Pan the time axis with the pointer; the data is requested when the pointer is released.
   * @param {uPlot} plot
   * @param {MouseEvent} event
   */
  pan(plot, { clientX, button }) {
    if (button !== 0) return;
    const { fromMs, untilMs } = this.state;
    const msPerPx = (untilMs - fromMs) / plot.over.clientWidth;
    let by = 0;
    this.isPanned = true;
    /** @param {MouseEvent} event */
    const follow = (event) => {
      by = (clientX - event.clientX) * msPerPx;
      plot.setScale("x", { min: fromMs + by, max: untilMs + by });
    };
    const release = () => {
      document.removeEventListener("mousemove", follow);
      this.isPanned = false;
      if (by) this.listeners.onZoom?.({ fromMs: fromMs + by, untilMs: untilMs + by });
    };
    document.addEventListener("mousemove", follow);
    document.addEventListener("mouseup", release, { once: true });
  }

  /** @param {uPlot} plot */
  groups(plot) {
    const { marks, fromMs, untilMs } = this.state;
    const inView = marks.filter((mark) => mark.at_ms >= fromMs && mark.at_ms <= untilMs);
    return grouped(inView, (ms) => plot.valToPos(ms, "x") / this.tokens.zoom);
  }

  /**
   * Move the crosshair to the event under the pointer in the lane. In the plot, the crosshair follows the pointer.
   * @param {PointerEvent} event
   */
  onLane(event) {
    if (!this.plot) return;
    const { left, top } = this.plot.over.getBoundingClientRect();
    if (event.clientY >= top) {
      this.isInLane = false;
      return;
    }
    const group = groupAt(this.groups(this.plot), event.clientX - left);
    if (group) this.read(group.marks[0].at_ms);
    else if (this.isInLane) this.leaveLane();
    this.isInLane = group !== null;
  }

  leaveLane() {
    this.isInLane = false;
    this.read(null);
  }

  /**
   * Move the crosshair to a time; null removes it.
   * @param {number | null} atMs
   */
  read(atMs) {
    if (!this.plot) return;
    const left = atMs === null ? -10 : this.plot.valToPos(atMs, "x");
    this.plot.setCursor({ left, top: atMs === null ? -10 : 0 });
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.key === "Escape") this.listeners.onReset?.();
    if (this.onLetter(event)) {
      event.preventDefault();
      return;
    }
    const target = this.targetOf(event);
    if (target === undefined) return;
    event.preventDefault();
    this.read(target);
  }

  /**
   * Zoom, pan or start a note; return whether the key was handled.
   * @param {KeyboardEvent} event
   */
  onLetter({ key, altKey, ctrlKey, metaKey }) {
    if (altKey || ctrlKey || metaKey) return false;
    const move = MOVES.get(key);
    if (key === "n") this.listeners.onNote?.(this.readoutMs);
    else if (move) this.listeners.onMove?.(move);
    else return false;
    return true;
  }

  /**
   * Return the time that a key selects, null to remove the crosshair, undefined for other keys.
   * @param {KeyboardEvent} event
   */
  targetOf(event) {
    if (event.key === "Escape") return null;
    if (event.key.toLowerCase() === "m") return this.nextMark(event);
    const [times] = this.state.columns;
    const at = this.readoutMs === null ? times.length - 1 : times.indexOf(this.readoutMs);
    const point = pointTarget(event, times.length, at);
    return point === undefined ? undefined : times[point];
  }

  /**
   * Return the time of the next event, or of the previous one with Shift; undefined if there is none.
   * @param {KeyboardEvent} event
   */
  nextMark({ shiftKey, altKey, ctrlKey, metaKey }) {
    if (altKey || ctrlKey || metaKey || !this.plot) return undefined;
    const marks = this.groups(this.plot).map((group) => group.marks[0]);
    const at = marks.findIndex(({ id }) => id === this.readMark);
    if (at >= 0) return marks[at + (shiftKey ? -1 : 1)]?.at_ms;
    const from = this.readoutMs ?? (shiftKey ? Infinity : 0);
    const before = marks.findLast((mark) => mark.at_ms <= from);
    return (shiftKey ? before : marks.find((mark) => mark.at_ms >= from))?.at_ms;
  }

  recolor() {
    this.tokens = readTokens();
    this.plot?.redraw(false, true);
  }
}

/**
 * Draw a chart for a PNG export.
 * @param {ChartState} state
 */
export const pictureOf = (state) =>
  drawApart((host) => {
    const chart = new Chart(host, {}, true);
    chart.draw(state);
    return chart;
  });

/**
 * Return the legend entries for one or two lines with these labels.
 * @param {string[]} labels
 */
export function legendOf(labels) {
  const { s1, s2 } = readTokens();
  const lines = [
    { color: s1, dash: [], width: LINE_PX },
    { color: s2, dash: VIEWERS_DASH, width: LINE_PX },
  ];
  return labels.map((label, i) => ({ label, ...lines[i] }));
}

/**
 * @param {import("./chart-scales.js").ValueScale} scale
 * @returns {uPlot.Range.MinMax}
 */
const rangeOf = ({ min, max }) => [min, max];
