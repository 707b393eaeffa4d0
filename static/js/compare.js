// @ts-check
// The page that compares channels: lines are reloaded each minute, live values arrive over the socket.

import { fetchJson } from "./fetch-json.js";
import { CompareChart, columnsOf } from "./compare-chart.js";
import { constants, useConstants } from "./constants.js";
import { $, all, dataOf, inside, write } from "./dom.js";
import { duration, figure, number } from "./figures.js";
import { LivePeaks } from "./peaks.js";
import { kindOf } from "./series.js";
import { reload } from "./sign-in.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { drawTape } from "./tape.js";
import { MINUTE_MS, when, zoneAt } from "./times.js";

/** The table cells with values of the range. */
const CELLS = /** @type {const} */ (["peak", "average", "viewers", "engagement"]);

const SVG = "http://www.w3.org/2000/svg";

/**
 * Return the color and dash of a line.
 * @param {number} number - its position in the selection
 */
function swatch(number) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 26 10");
  const line = document.createElementNS(SVG, "line");
  line.setAttribute("class", `n${number}`);
  for (const [name, value] of Object.entries({ x1: "0", x2: "26", y1: "5", y2: "5" }))
    line.setAttribute(name, value);
  svg.append(line);
  return svg;
}

class ComparePage {
  /** @type {Record<string, Channel>} the newest live windows of the channels */
  now = {};
  /** @type {Map<string, LivePeaks>} */
  peaks = new Map();

  /** @param {ComparisonStart} start */
  constructor(start) {
    const { metric, align, scale, until } = start.choice;
    this.start = start;
    this.metric = metric;
    this.isStreamTime = align === "stream";
    this.isIndex = scale === "index";
    this.until = until;
    this.lines = start.lines;
    for (const { id } of this.lines) this.peaks.set(id, new LivePeaks());
    this.nowMs = start.now_ms;
    this.chart = new CompareChart($("chart"), {
      unit: this.isIndex ? "own average = 100" : start.unit,
      isStreamTime: this.isStreamTime,
      names: this.lines.map(({ name }) => name),
      onReadout: (atMs, values) => this.readOut(atMs, values),
      onLayout: (left, width) => this.drawTapes(left, width),
    });
  }

  begin() {
    this.draw();
    this.readOut(null, []);
    if (!this.start.source) this.follow();
    if (!this.until) setInterval(() => this.reload(), MINUTE_MS);
  }

  draw() {
    this.chart.draw(columnsOf(this.lines, this), this.span());
    const isEmpty = this.lines.every((line) => line.end_ms.length === 0);
    $("message").textContent = isEmpty ? "No data for these channels in this range." : "";
  }

  span() {
    if (this.isStreamTime) return { fromMs: 0, untilMs: this.start.span_ms };
    const untilMs = this.until ? Date.parse(this.until) : this.nowMs;
    return { fromMs: untilMs - this.start.span_ms, untilMs };
  }

  /**
   * Write the legend: the value of each line under the crosshair, or its average over the range.
   * @param {number | null} atMs
   * @param {(number | null | undefined)[]} values
   */
  readOut(atMs, values) {
    $("when").textContent = this.whenOf(atMs);
    this.lines.forEach((line, i) => {
      const element = inside($("legend"), `[data-line="${line.number}"] [data-value]`);
      const average = line.summary?.average ?? constants.absent;
      element.textContent = atMs === null ? average : this.valueText(values[i]);
    });
  }

  /** @param {number | null} atMs */
  whenOf(atMs) {
    if (atMs === null) return "Average";
    return this.isStreamTime ? `${duration(atMs)} into the stream` : `${when(atMs)} ${zoneAt(atMs)}`;
  }

  /** @param {number | null | undefined} value */
  valueText(value) {
    if (value == null) return constants.absent;
    return this.isIndex ? number(value, 0) : figure(this.metric, value);
  }

  /** Fill the cells that show values of the range, from the same summaries as the legend. */
  writeTable() {
    for (const line of this.lines) {
      const row = document.querySelector(rowOf(line.id));
      const summary = this.summaryOf(line);
      if (!row || !summary) continue;
      for (const name of CELLS)
        for (const cell of all(row, `[data-${name}]`)) cell.textContent = summary[name];
      for (const cell of all(row, "[data-peak]"))
        cell.title = summary.peak_value === null ? summary.peak_note : "";
      for (const coverage of all(row, "[data-coverage]")) {
        coverage.textContent = `${summary.coverage}%`;
        coverage.title = summary.heard;
      }
    }
  }

  /**
   * Return the summary of a line. The peak of a range up to now is never lower than the live value beside it.
   * @param {ComparedLine} line
   */
  summaryOf({ id, summary }) {
    const [peaks, now] = [this.peaks.get(id), this.now[id]];
    if (!summary || !peaks || !now) return summary;
    const raised = peaks.raise(summary, this.metric, now, this.nowMs - this.start.span_ms);
    return { ...summary, ...raised };
  }

  /**
   * @param {number} left
   * @param {number} width
   */
  drawTapes(left, width) {
    const rows = this.lines.map((line) => {
      const row = document.createElement("div");
      row.className = "tape-row";
      row.title = `Coverage of ${line.name}`;
      const svg = document.createElementNS(SVG, "svg");
      svg.setAttribute("class", "tape");
      row.append(swatch(line.number), svg);
      drawTape(svg, runsOf(line), { ...this.span(), left, width });
      return row;
    });
    $("tapes").replaceChildren(...rows);
  }

  async reload() {
    if (document.hidden) return;
    /** @type {Comparison | null} */
    const response = await fetchJson(
      this.start.source ?? `/compare/lines${location.search}`,
      reload,
    );
    if (!response) return;
    this.lines = response.lines;
    this.nowMs = response.now_ms;
    this.draw();
    this.readOut(null, []);
    for (const { id, now } of this.lines) {
      const cell = nowCell(id);
      if (cell && !this.now[id]) write(cell, now ?? constants.absent);
    }
    this.writeTable();
  }

  /**
   * Show live values; a range in the past has no cells for them.
   * @param {ChannelsFrame} frame
   */
  showNow({ channels, now_ms: nowMs }) {
    this.nowMs = nowMs;
    for (const [id, channel] of Object.entries(channels)) {
      const cell = nowCell(id);
      if (!cell) continue;
      this.now[id] = channel;
      write(cell, channel.display.values[this.metric] ?? constants.absent);
    }
    this.writeTable();
  }

  /**
   * Subscribe to live values. A shared comparison reloads them each minute instead: its visitors may have no access to
   * the socket.
   */
  follow() {
    const socket = new LiveSocket(liveUrl(), {
      onError: () => {},
      onSignedOut: reload,
      onReturn: () => this.reload(),
    });
    const channels = this.lines.map(({ id }) => id);
    socket.subscribe("now", { kind: "channels", channels }, (/** @type {ChannelsFrame} */ frame) =>
      this.showNow(frame),
    );
  }
}

/** @param {string} id */
const nowCell = (id) => document.querySelector(`${rowOf(id)} [data-now]`);

/** @param {string} id */
const rowOf = (id) => `tr[data-id="${CSS.escape(id)}"]`;

/**
 * Return a line's runs of equal coverage.
 * @param {ComparedLine} line
 */
function runsOf({ end_ms: ends, coverage, step_ms: stepMs, zero_ms: zeroMs }) {
  /** @type {import("./tape.js").Run[]} */
  const runs = [];
  const [step, zero] = [stepMs ?? 0, zeroMs ?? 0];
  ends.forEach((endMs, i) => {
    const kind = kindOf(coverage[i]);
    const [from, until] = [endMs - step - zero, endMs - zero];
    const last = runs.at(-1);
    if (last?.kind === kind && from - last.until <= step) last.until = until;
    else runs.push({ kind, from, until });
  });
  return runs;
}

/** @type {ComparisonStart} */
const start = dataOf("start");
useConstants(start.constants);
const metric = document.getElementById("metric");
if (metric instanceof HTMLSelectElement)
  metric.addEventListener("change", () => metric.form?.requestSubmit());
if (document.getElementById("chart")) new ComparePage(start).begin();
