// @ts-check
// The open channel: its chart and panels, from its history and its live values.

import {
  tableRow,
  writeMetric,
  writeNow,
  writeOnAir,
  writePeak,
  writeProfile,
  writeQuality,
  writeSummary,
} from "./channel-panels.js";
import { writeLegend } from "./channel-legend.js";
import { Chart } from "./chart.js";
import { constants } from "./constants.js";
import { $, byId } from "./dom.js";
import { age } from "./figures.js";
import { historyNote, whyEmpty } from "./history-note.js";
import { endOf, metricOf, unitOf } from "./metrics.js";
import { ownNotes } from "./notes.js";
import { marksWithData, shadesOf } from "./shades.js";
import { LivePeaks } from "./peaks.js";
import { Series, valueOf } from "./series.js";
import { Percentiles } from "./standing.js";
import { Streams } from "./streams.js";
import { drawTape } from "./tape.js";
import { EventFilter } from "./event-filter.js";
import { linesOf, marksByPoint, merged, noted } from "./timeline.js";
import { lineItem, renew, shape } from "./timeline-view.js";
import { when, zoneAt } from "./times.js";
import { UsualWeek } from "./week.js";

/**
 * @typedef {import("./span.js").Span} Span
 * @typedef {import("./span.js").Move} Move
 */

export class ChannelView {
  metric = "";
  message = "";
  /** Whether data has stopped arriving. */
  isStale = false;
  /** @type {Channel | null} */
  now = null;
  /** @type {Profile | null} */
  profile = null;
  /** @type {number | null} */
  nowMs = null;
  /** @type {number | null} */
  readoutMs = null;
  /** @type {EventMark[]} */
  readMarks = [];
  /** @type {EventMark[]} */
  noted = [];
  /** @type {import("./timeline.js").Line[]} */
  lines = [];
  eventFilter = new EventFilter($("event-filter"), () => this.writeLines());
  /** @type {Span | null} */
  span = null;
  layout = { left: 0, width: 0 };
  overlay = byId("overlay", HTMLInputElement);
  tape = byId("tape", SVGSVGElement);
  percentiles = new Percentiles($("standing"), $("following"));
  streams = new Streams();
  week = new UsualWeek();
  peaks = new LivePeaks();

  /**
   * @param {object} options
   * @param {ChartRange} options.range
   * @param {string | undefined} options.first - the channel whose streams, notes and percentiles the page already shows
   * @param {Note[]} options.notes
   * @param {(span: Span) => void} options.onZoom
   * @param {(move: Move) => void} options.onMove
   * @param {() => void} options.onReset - called when the user resets the zoom
   */
  constructor({ range, first, notes, onZoom, onMove, onReset }) {
    this.series = new Series(range);
    this.first = first;
    this.firstNotes = notes;
    this.chart = new Chart($("chart"), {
      onReadout: (atMs, marks) => this.readOut(atMs, marks),
      onLayout: (left, width) => this.layOut(left, width),
      onZoom,
      onMove,
      onReset,
      onPick: (atMs) => this.notes?.suggest(atMs),
      onNote: (atMs) => this.notes?.begin(atMs ?? this.newest()?.end_ms ?? Date.now()),
    });
    this.notes = ownNotes({
      onChange: () => this.profile && this.draw(),
      icon: () => shape(constants.shapes.note, "filled"),
      clock: () => this.clockMs,
    });
    this.overlay.addEventListener("change", () => this.draw());
  }

  /**
   * Show another channel or range; `showHistory` adds its history later.
   * @param {string} metric
   * @param {ChartRange} range
   * @param {Profile} profile
   */
  open(metric, range, profile) {
    if (profile.id !== this.now?.id) {
      this.now = null;
      this.peaks = new LivePeaks();
    }
    this.series = new Series(range);
    this.say("Loading history…");
    this.showProfile(profile);
    this.showMetric(metric);
    this.openParts(profile.id);
  }

  /** @param {string} channel */
  openParts(channel) {
    const isFirst = channel === this.first;
    this.streams.open(channel, isFirst);
    this.week.open(channel);
    this.notes?.open(channel, isFirst ? this.firstNotes : null);
    // Once another channel has been opened, the data embedded in the page is outdated.
    this.first = undefined;
  }

  /**
   * Show another range of the channel: the known points at once, the full history when it arrives.
   * @param {ChartRange} range
   */
  showRange(range) {
    this.series = this.series.within(range);
    this.say(this.series.points.length ? "" : "Loading history…");
    this.showMetric(this.metric);
  }

  /**
   * Chart another metric from the same history.
   * @param {string} metric
   */
  showMetric(metric) {
    this.metric = metric;
    if (this.profile) this.percentiles.open(this.profile.id, metric, this.first);
    if (this.series.hasLoaded && !this.series.knows(metric)) this.say("Loading history…");
    writeMetric(metric, this.series.range);
    this.draw();
  }

  /** @param {ChannelHistory} history */
  showHistory(history) {
    const hasOtherWindows = history.range.step_ms !== this.series.range.step_ms;
    if (this.series.isPast || hasOtherWindows) this.series = new Series(history.range);
    this.series.merge(history);
    this.say("");
    this.showMetric(this.metric);
  }

  /**
   * Show why there is no history; live points are still drawn.
   * @param {string} reason
   */
  showProblem(reason) {
    this.say(reason);
  }

  /**
   * Show the channel's part of a frame.
   * @param {Channel} channel
   */
  showLive(channel) {
    this.now = channel;
    this.showProfile(channel);
    if (this.series.add(channel)) this.draw();
    else this.writeNow();
  }

  /**
   * Show recent events; `marks` is null if the events are unknown.
   * @param {EventMark[] | null} marks
   */
  showMarks(marks) {
    const isNew = marks !== null && this.series.addMarks(marks);
    if (this.series.dropEnd(this.profile) || isNew) this.draw();
  }

  /**
   * Show whether data is still arriving, and how old it is.
   * @param {boolean} isStale
   * @param {number} nowMs
   */
  showAge(isStale, nowMs) {
    this.nowMs = nowMs;
    $("data-age").textContent = age(this.now?.end_ms, nowMs);
    writeOnAir(this.profile?.started_at, nowMs);
    if (!isStale && !this.isStale && (this.series.isPast || this.isLive)) return;
    this.isStale = isStale;
    this.draw();
  }

  /** @param {Profile} profile */
  showProfile(profile) {
    this.profile = profile;
    writeProfile(profile);
  }

  draw() {
    const span = this.visibleSpan();
    const { range } = this.series;
    const notes = this.notes?.marks(span) ?? [];
    const marks = merged([...this.series.marks, ...notes], range.merge_ms);
    this.span = span;
    this.noted = noted(marks);
    this.lines = linesOf(marks, this.series.effects);
    this.chart.draw({
      columns: this.series.columns(this.showsViewers ? [this.metric, "viewers"] : [this.metric]),
      bands: this.bands(span),
      shades: this.shades(span),
      marks: marksWithData(this.noted, this.series, span.fromMs),
      ...span,
      edgeMs: this.isStale ? null : this.series.edgeMs(this.metric, this.clockMs),
      units: [unitOf(this.metric, range), this.showsViewers ? "viewers" : null],
      decimals: metricOf(this.metric).decimals,
    });
    $("chart").dataset.points = String(this.series.points.length);
    if (!this.message) this.say("");
    this.writeAll();
  }

  get showsViewers() {
    return this.metric !== "viewers" && this.overlay.checked;
  }

  /** @returns {Span} */
  visibleSpan() {
    const { fromMs, untilMs } = this.series.span(this.clockMs);
    const lateMs = this.isStale && !this.series.isPast ? Math.max(0, this.clockMs - untilMs) : 0;
    return { fromMs: fromMs + lateMs, untilMs: untilMs + lateMs };
  }

  get clockMs() {
    return this.nowMs ?? Date.now();
  }

  /** Whether windows of the channel are still arriving. */
  get isLive() {
    return this.series.edgeMs(this.metric, this.clockMs) !== null;
  }

  /** Whether no stored window has arrived yet. */
  get waitsForHistory() {
    return this.isLive && !this.series.points.some((point) => !point.isEdge);
  }

  /** @param {Span} span */
  offAir({ untilMs }) {
    return this.series.offAir(untilMs, Boolean(this.profile?.is_offline));
  }

  /** @param {Span} span */
  shades(span) {
    return shadesOf(this.series, this.offAir(span), span.fromMs);
  }

  /** Whether the newest values are too old to be live. */
  get isOld() {
    const endMs = this.now && endOf(this.metric, this.now);
    return this.isStale || (endMs !== null && this.clockMs - endMs > constants.stale_after_ms);
  }

  /** @param {Span} span */
  bands(span) {
    return [...this.series.bands(), ...this.openGap(span)];
  }

  /**
   * Return the open gap: while nothing arrives, the time since the last window.
   * @param {Span} span
   * @returns {Stretch[]}
   */
  openGap({ untilMs }) {
    const last = this.series.points.at(-1);
    const isOpen = this.isStale && !this.series.isPast;
    return isOpen && last ? [{ from_ms: last.end_ms, until_ms: untilMs }] : [];
  }

  writeAll() {
    const summary = this.summary();
    this.writeNow();
    writeSummary(summary);
    writeQuality(summary, this.series.gaps);
    this.writeLines();
    if ($("table").closest("details")?.open) this.writeTable();
    this.layOut(this.layout.left, this.layout.width);
    $("chart").setAttribute("aria-label", this.describe(summary));
  }

  writeNow() {
    const { isPast } = this.series;
    writeNow(this.now?.display, this.metric, { isPast, isOld: this.isOld });
    writePeak(this.summary());
    this.readOut(this.readoutMs, this.readMarks);
  }

  /** The summary in the tiles. If the range ends now, its peak is never lower than the live value beside it. */
  summary() {
    const summary = this.series.summary(this.metric);
    if (this.series.isPast) return summary;
    const fromMs = this.clockMs - this.series.range.span_ms;
    return this.peaks.raise(summary, this.metric, this.now, fromMs);
  }

  writeLines() {
    const lines = this.lines.filter(({ group }) => this.eventFilter.includes(group));
    $("lines").hidden = lines.length === 0;
    $("no-lines").hidden = this.lines.length > 0;
    $("no-such-lines").hidden = lines.length > 0 || this.lines.length === 0;
    renew($("lines"), lines.slice(0, constants.lines_shown), lineItem);
  }

  writeTable() {
    const points = this.series.pointsOf(this.metric);
    const step = Math.max(1, Math.round(points.length / constants.table_rows));
    const shown = points.toReversed().filter((_, i) => i % step === 0);
    const marks = marksByPoint(shown, this.noted);
    const rows = shown.map((point, i) => tableRow(point, marks[i], this.metric));
    $("table").replaceChildren(...rows);
  }

  /**
   * Write the legend: the point under the crosshair and its marks, or the newest point.
   * @param {number | null} atMs
   * @param {EventMark[]} marks
   */
  readOut(atMs, marks) {
    this.readoutMs = atMs;
    this.readMarks = marks;
    const newest = this.newest();
    const at =
      atMs === null ? newest : (this.series.points.find((point) => point.end_ms === atMs) ?? null);
    const time = this.whenOf(atMs ?? (newest === this.now ? null : (newest?.end_ms ?? null)));
    writeLegend({ at, time, metric: this.metric, marks, showsViewers: this.showsViewers });
  }

  /** The legend's default: the live value if it is comparable with the points, otherwise the last point. */
  newest() {
    if (this.series.isPast) return this.series.points.at(-1) ?? null;
    return this.series.isComparable(this.metric) ? this.now : (this.series.newestWhole() ?? null);
  }

  /** @param {number | null} atMs */
  whenOf(atMs) {
    const ms = atMs ?? (this.now && endOf(this.metric, this.now));
    if (this.series.isPast && atMs === null) return "No data";
    if (ms === null) return "No live data";
    const word = this.isOld ? "Last known, " : "Now, ";
    const offAir = this.offAir(this.span ?? this.visibleSpan());
    const isOffAir = offAir.some((span) => ms > span.from_ms && ms <= span.until_ms);
    return `${atMs === null ? word : ""}${when(ms)} ${zoneAt(ms)}${isOffAir ? " · off air" : ""}`;
  }

  /**
   * Draw the tape at the same width as the plot above it.
   * @param {number} left
   * @param {number} width
   */
  layOut(left, width) {
    this.layout = { left, width };
    if (!this.span || width <= 0) return;
    /** @type {import("./tape.js").Run[]} */
    const open = this.openGap(this.span).map((gap) => ({
      kind: "off",
      from: gap.from_ms,
      until: gap.until_ms,
    }));
    drawTape(this.tape, [...this.series.tape(), ...open], { ...this.span, left, width });
  }

  /** @param {Summary} summary */
  describe(summary) {
    const { name } = metricOf(this.metric);
    const { peak, peak_name: peakName, peak_unit: unit } = summary;
    const average = `average ${summary.average} ${summary.average_unit}`;
    const most =
      summary.peak_value === null ? average : `${peakName.toLowerCase()} ${peak} ${unit}`;
    const count = this.lines.length;
    const events = count ? ` ${count} ${count === 1 ? "entry" : "entries"} under “Events”.` : "";
    return `${name} of ${this.profile?.name ?? "the channel"}, ${this.series.range.label}: ${most}.${events}`;
  }

  /**
   * Show a message in place of the chart. "" removes it, or shows the reason if there is nothing to draw.
   * @param {string} message
   */
  say(message) {
    this.message = message;
    $("chart-message").textContent = message || this.emptiness();
  }

  emptiness() {
    const { points } = this.series;
    const note = historyNote(this.series, { isLive: this.isLive, nowMs: this.clockMs });
    const hasValue = points.some((point) => valueOf(point, this.metric) !== null);
    if (note || points.length === 0 || hasValue) return note;
    return whyEmpty(this.metric, this.series.isLong);
  }
}
