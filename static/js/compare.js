// @ts-check
// The page that compares channels: a chart per metric, reloaded each minute; live values arrive over the socket.

import { fetchJson } from "./fetch-json.js";
import { CompareChart } from "./compare-chart.js";
import { columnsOf, linesBefore } from "./compare-lines.js";
import { drawTapes } from "./compare-tapes.js";
import { constants, useConstants } from "./constants.js";
import { $, all, dataOf, inside, write } from "./dom.js";
import { duration, figure, number } from "./figures.js";
import { metricOf } from "./metrics.js";
import { LivePeaks } from "./peaks.js";
import { savePicture } from "./picture.js";
import { reload } from "./sign-in.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { MINUTE_MS, when, zoneAt } from "./times.js";

/** The cells of a metric that summarize the range. */
const CELLS = /** @type {const} */ (["peak", "average"]);
/** The cells of a channel that do not depend on the chosen metrics. */
const MEANS = /** @type {const} */ (["viewers", "engagement"]);

// The title of a PNG export lists at most this many channels; its legend lists all of them.
const NAMED_MAX = 3;

class ComparePage {
  /** @type {Record<string, Channel>} the newest live windows of the channels */
  now = {};
  /** @type {Map<string, LivePeaks>} */
  peaks = new Map();

  /** @param {ComparisonStart} start */
  constructor(start) {
    const { align, scale, until } = start.choice;
    this.start = start;
    this.metrics = Object.keys(start.units);
    /** The metric whose values the legend shows: that of the chart in use. */
    this.metric = this.metrics[0];
    this.isStreamTime = align === "stream";
    this.isIndex = scale === "index";
    this.until = until;
    this.lines = start.lines;
    for (const { id } of this.lines) this.peaks.set(id, new LivePeaks());
    this.nowMs = start.now_ms;
    this.charts = all($("charts"), "[data-metric]").map((host, i) => this.chartIn(host, i));
  }

  /**
   * @param {HTMLElement} host
   * @param {number} i - the position of the chart
   */
  chartIn(host, i) {
    const { metric = "" } = host.dataset;
    const isSmall = this.metrics.length > 1;
    const unit = this.isIndex ? "own average = 100" : this.start.units[metric];
    const chart = new CompareChart(host, {
      unit: isSmall ? "" : unit,
      decimals: this.isIndex ? 0 : metricOf(metric).decimals,
      isStreamTime: this.isStreamTime,
      hasTimes: i === this.metrics.length - 1,
      isSmall,
      names: this.lines.map(({ name }) => name),
      onReadout: (at) => this.follow(chart, metric, at),
      onLayout: (left, width) => {
        if (i === 0) drawTapes(this.lines, { ...this.span(), left, width });
      },
    });
    return { chart, metric };
  }

  begin() {
    this.draw();
    this.readOut(null);
    if (!this.start.source) this.subscribe();
    if (!this.until) setInterval(() => this.reload(), MINUTE_MS);
    const button = document.getElementById("picture");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => this.savePicture());
  }

  draw() {
    const previous = linesBefore(this.lines).map(({ line }) => this.lines.indexOf(line));
    for (const { chart, metric } of this.charts) {
      chart.draw(columnsOf(this.lines, metric, this), this.span(), previous);
      const isKnown = this.lines.some((line) =>
        line.metrics[metric].values.some((value) => value !== null),
      );
      inside(chart.host, "[data-message]").textContent = isKnown
        ? ""
        : "No data for these channels in this range.";
    }
  }

  span() {
    if (this.isStreamTime) return { fromMs: 0, untilMs: this.start.span_ms };
    const untilMs = this.until ? Date.parse(this.until) : this.nowMs;
    return { fromMs: untilMs - this.start.span_ms, untilMs };
  }

  /**
   * Show the readout of one chart, and a crosshair at the same position in the other charts.
   * @param {CompareChart} used
   * @param {string} metric
   * @param {number | null} at - the position of the point
   */
  follow(used, metric, at) {
    this.metric = metric;
    for (const { chart } of this.charts) if (chart !== used) chart.read(at, false);
    this.readOut(at);
  }

  /**
   * Write the legend: the value of each line under the crosshair, or its average over the range.
   * @param {number | null} at
   */
  readOut(at) {
    const { columns } = this.charts[this.metrics.indexOf(this.metric)].chart;
    const [times, ...values] = columns;
    $("when").textContent = this.whenOf(at === null ? null : times[at]);
    this.lines.forEach((line, i) => {
      const element = inside($("legend"), `[data-line="${line.number}"] [data-value]`);
      const average = line.metrics[this.metric].summary?.average ?? constants.absent;
      element.textContent = at === null ? average : this.valueText(values[i][at]);
    });
  }

  /** @param {number | null} atMs */
  whenOf(atMs) {
    const name = this.metrics.length > 1 ? `${metricOf(this.metric).name}, ` : "";
    if (atMs === null) return name ? `${name}average` : "Average";
    const time = this.isStreamTime
      ? `${duration(atMs)} into the stream`
      : `${when(atMs)} ${zoneAt(atMs)}`;
    return `${name}${time}`;
  }

  /** @param {number | null | undefined} value */
  valueText(value) {
    if (value == null) return constants.absent;
    return this.isIndex ? number(value, 0) : figure(this.metric, value);
  }

  /** Fill the cells that show values of the range, using the same summaries as the legend. */
  writeTable() {
    for (const line of this.lines) {
      const row = document.querySelector(rowOf(line.id));
      if (!row) continue;
      for (const metric of this.metrics) this.writeCells(row, line, metric);
      const { summary } = line.metrics[this.metrics[0]];
      if (!summary) continue;
      for (const name of MEANS)
        for (const cell of all(row, `[data-${name}]`)) cell.textContent = line[name];
      for (const coverage of all(row, "[data-coverage]")) {
        coverage.textContent = `${summary.coverage}%`;
        coverage.title = summary.heard;
      }
    }
  }

  /**
   * @param {Element} row
   * @param {ComparedLine} line
   * @param {string} metric
   */
  writeCells(row, line, metric) {
    const summary = this.summaryOf(line, metric);
    if (!summary) return;
    const own = `[data-metric="${CSS.escape(metric)}"]`;
    for (const name of CELLS)
      for (const cell of all(row, `${own}[data-${name}]`)) cell.textContent = summary[name];
    for (const cell of all(row, `${own}[data-peak]`))
      cell.title = summary.peak_value === null ? summary.peak_note : "";
  }

  /**
   * Return the summary of a line. If the range ends now, its peak is never lower than the live value beside it.
   * @param {ComparedLine} line
   * @param {string} metric
   */
  summaryOf({ id, metrics }, metric) {
    const [peaks, now, { summary }] = [this.peaks.get(id), this.now[id], metrics[metric]];
    if (!summary || !peaks || !now) return summary;
    return peaks.raise(summary, metric, now, this.nowMs - this.start.span_ms);
  }

  async savePicture() {
    const plots = [];
    for (const { chart } of this.charts)
      plots.push({ title: chart.host.dataset.title ?? "", canvas: await chart.picture() });
    await savePicture({
      title: listed(this.lines.map(({ name }) => name)),
      span: this.isStreamTime ? null : this.span(),
      subtitle: this.isStreamTime ? `The first ${duration(this.start.span_ms)} of each stream` : "",
      legend: this.charts[0].chart.legend(document.getElementById("previous-name")?.textContent),
      plots,
      note: ($("chart-note").textContent ?? "").replace(/\s+/g, " ").trim(),
      name: `twitchly-compare-${this.metrics.join("-")}`,
    });
  }

  async reload() {
    if (document.hidden) return;
    /** @type {Comparison | null} */
    const response = await fetchJson(
      this.start.source ?? `/compare/lines${location.search}`,
      reload,
    );
    // Without Redis, no channels are known, so keep the displayed values.
    if (!response || response.lines.length !== this.lines.length) return;
    this.lines = response.lines;
    this.nowMs = response.now_ms;
    this.draw();
    this.readOut(null);
    for (const { id, metrics } of this.lines)
      for (const metric of this.metrics) {
        const cell = nowCell(id, metric);
        if (cell && !this.now[id]) write(cell, metrics[metric].now ?? constants.absent);
      }
    this.writeTable();
  }

  /**
   * Show live values; a range in the past has no cells for them.
   * @param {ChannelsFrame} frame
   */
  showNow({ channels, now_ms: nowMs }) {
    this.nowMs = nowMs;
    for (const [id, channel] of Object.entries(channels))
      for (const metric of this.metrics) {
        const cell = nowCell(id, metric);
        if (!cell) continue;
        this.now[id] = channel;
        write(cell, channel.display.values[metric] ?? constants.absent);
      }
    this.writeTable();
  }

  /**
   * Subscribe to live values. A shared comparison reloads them each minute instead, because its visitors may not have
   * access to the socket.
   */
  subscribe() {
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

/**
 * @param {string} id
 * @param {string} metric
 */
const nowCell = (id, metric) =>
  document.querySelector(`${rowOf(id)} [data-metric="${CSS.escape(metric)}"] [data-now]`);

/** @param {string} id */
const rowOf = (id) => `tr[data-id="${CSS.escape(id)}"]`;

/**
 * Return the first three names as text, followed by the number of the remaining names.
 * @param {string[]} names
 */
function listed(names) {
  const rest = names.length - NAMED_MAX;
  return names.slice(0, NAMED_MAX).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/**
 * Limit the number of checked metrics to the maximum of the form.
 * @param {HTMLElement} form
 */
function limitChecks(form) {
  const boxes = /** @type {HTMLInputElement[]} */ (all(form, "input[type=checkbox]"));
  const update = () => {
    const isFull = boxes.filter(({ checked }) => checked).length >= Number(form.dataset.most);
    for (const box of boxes) box.disabled = isFull && !box.checked;
  };
  form.addEventListener("change", update);
  update();
}

/** @type {ComparisonStart} */
const start = dataOf("start");
useConstants(start.constants);
const form = document.getElementById("metrics");
if (form) limitChecks(form);
if (document.getElementById("chart")) new ComparePage(start).begin();
