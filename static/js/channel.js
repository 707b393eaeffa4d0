// The open channel: header, chart, tiles, table and data quality, from its history and its live values.

import { Chart } from "./chart.js";
import { constants } from "./constants.js";
import { age, duration, figure } from "./figures.js";
import { historyNote } from "./history-note.js";
import { coverageOf, endOf, metricOf, unitOf } from "./metrics.js";
import { Notes } from "./notes.js";
import { Series, valueOf } from "./series.js";
import { Standing } from "./standing.js";
import { Streams } from "./streams.js";
import { describeTape, drawTape } from "./tape.js";
import { beside, linesOf, merged, noted } from "./timeline.js";
import { lineItem, markTexts, renew, shape } from "./timeline-view.js";
import { timeElement, when, ZONE } from "./times.js";

const $ = (id) => document.getElementById(id);

export class ChannelView {
  /**
   * `channel` and `notes` are what the page already shows; `onZoom(span)`, `onMove(kind)` and `onReset()` ask for other
   * times.
   */
  constructor({ channel, notes, onZoom, onMove, onReset }) {
    Object.assign(this, {
      message: "",
      isStale: false,
      readoutMs: null,
      readMarks: [],
      now: null,
    });
    this.first = { id: channel?.id, notes };
    this.layout = { left: 0, width: 0 };
    this.chart = new Chart($("chart"), {
      shapes: constants.shapes,
      onReadout: (atMs, marks) => this.readOut(atMs, marks),
      onLayout: (left, width) => this.layOut(left, width),
      onZoom,
      onMove,
      onReset,
      onPick: (atMs) => this.notes.suggest(atMs),
      onNote: (atMs) => this.notes.begin(atMs ?? this.newest()?.end_ms ?? Date.now()),
    });
    this.notes = new Notes({
      onChange: () => this.series && this.draw(),
      icon: () => shape(constants.shapes.note, "filled"),
      clock: () => this.nowMs ?? Date.now(),
    });
    this.standing = new Standing($("standing"), $("following"));
    this.streams = new Streams();
    $("overlay").addEventListener("change", () => this.draw());
  }

  /** Show another channel or range: its history comes later, by `showHistory`. */
  open({ metric, range, channel }) {
    if (channel?.id !== this.now?.id) this.now = null;
    this.series = new Series(range);
    this.say("Loading history…");
    if (channel) this.showProfile(channel);
    this.showMetric(metric);
    if (channel) this.openParts(channel.id);
  }

  openParts(channel) {
    const isFirst = channel === this.first.id;
    this.streams.open(channel, isFirst);
    this.notes.open(channel, isFirst ? this.first.notes : null);
    // What the page showed at first is no longer what is known once others were open.
    this.first = {};
  }

  /** Show other times of the channel: what is known of them at once, their own history later. */
  look(range) {
    this.series = this.series.within(range);
    this.say(this.series.points.length ? "" : "Loading history…");
    this.showMetric(this.metric);
  }

  /** Chart another metric of the same history. */
  showMetric(metric) {
    this.metric = metric;
    if (this.profile) this.standing.open(this.profile.id, metric, this.first.id);
    if (this.series.hasLoaded && !this.series.knows(metric)) this.say("Loading history…");
    const { name, unit } = metricOf(metric);
    $("channel")
      .querySelectorAll("[data-method]")
      .forEach((link) => (link.hash = metric));
    $("channel")
      .querySelectorAll("[data-unit]")
      .forEach((element) => (element.textContent = unitOf(metric, this.series.range)));
    $("channel").querySelector("[data-unit-now]").textContent = unit;
    $("channel")
      .querySelectorAll("[data-name]")
      .forEach((element) => (element.textContent = name));
    $("range-name").textContent = this.series.range.label;
    const isAlone = metric === "viewers";
    $("overlay-label").hidden = isAlone;
    $("channel").querySelector("[data-viewers-column]").hidden = isAlone;
    this.draw();
  }

  showHistory(history) {
    if (this.series.isPast) this.series = new Series(history.range);
    this.series.merge(history);
    this.say("");
    this.showMetric(this.metric);
  }

  /** Say why there is no history; live points still draw. */
  showProblem(reason) {
    this.say(reason);
  }

  /** Take the channel's part of a frame. */
  showLive(channel) {
    this.now = channel;
    this.showProfile(channel);
    if (this.series.add(channel)) this.draw();
    else this.writeNow();
  }

  /** Show recent events; `marks` is null when they are unknown. */
  showMarks(marks) {
    const isNew = marks && this.series.addMarks(marks);
    if (this.series.dropEnd(this.profile) || isNew) this.draw();
  }

  /** Tell whether data still comes, and how old it is. */
  showAge(isStale, nowMs) {
    this.nowMs = nowMs;
    $("data-age").textContent = age(this.now?.end_ms, nowMs);
    $("on-air").textContent = onAir(this.profile?.started_at, nowMs);
    if (!isStale && !this.isStale && (this.series.isPast || this.isLive)) return;
    this.isStale = isStale;
    this.draw();
  }

  showProfile(profile) {
    this.profile = profile;
    const texts = {
      name: profile.name,
      glyph: [...profile.name].slice(0, 2).join("").toLowerCase(),
      category: profile.category,
      language: profile.language ?? "",
      title: profile.title ? `“${profile.title}”` : "",
    };
    for (const [id, text] of Object.entries(texts))
      if ($(id).textContent !== text) $(id).textContent = text;
    $("offline").hidden = !profile.is_offline;
    $("twitch").hidden = !profile.login;
    $("twitch").href = `${$("twitch").dataset.base}${encodeURIComponent(profile.login ?? "")}`;
  }

  draw() {
    const showsViewers = this.metric !== "viewers" && $("overlay").checked;
    const shown = showsViewers ? [this.metric, "viewers"] : [this.metric];
    this.span = this.visibleSpan();
    this.marks = merged(
      [...this.series.marks, ...this.notes.marks(this.span)],
      this.series.range.merge_ms,
    );
    this.noted = noted(this.marks);
    this.chart.draw({
      columns: this.series.columns(shown),
      bands: this.bands(),
      offAir: this.offAir(),
      marks: this.noted,
      ...this.span,
      edgeMs: this.isStale ? null : this.series.edgeMs(this.metric, this.clockMs),
      units: [unitOf(this.metric, this.series.range), showsViewers ? "viewers" : null],
    });
    $("chart").dataset.points = this.series.points.length;
    if (!this.message) this.say("");
    this.writeAll();
  }

  visibleSpan() {
    const { fromMs, untilMs } = this.series.span(this.clockMs);
    const lateMs = this.isStale && !this.series.isPast ? Math.max(0, this.nowMs - untilMs) : 0;
    return { fromMs: fromMs + lateMs, untilMs: untilMs + lateMs };
  }

  get clockMs() {
    return this.nowMs ?? Date.now();
  }

  /** Whether windows of the channel still come. */
  get isLive() {
    return this.series.edgeMs(this.metric, this.clockMs) !== null;
  }

  /** Whether the first stored window is still to come. */
  get waitsForHistory() {
    return this.isLive && !this.series.points.some((point) => !point.isEdge);
  }

  offAir() {
    return this.series.offAir(this.span.untilMs, Boolean(this.profile?.is_offline));
  }

  /** Whether the newest values are older than live ones are. */
  get isOld() {
    return (
      this.isStale ||
      (this.now?.end_ms != null &&
        this.clockMs - endOf(this.metric, this.now) > constants.stale_after_ms)
    );
  }

  bands() {
    return [...this.series.bands(), ...this.openGap()];
  }

  /** While nothing arrives the time since the last window is a gap that has not ended. */
  openGap() {
    const last = this.series.points.at(-1);
    return this.isStale && last && !this.series.isPast
      ? [{ from_ms: last.end_ms, until_ms: this.span.untilMs }]
      : [];
  }

  writeAll() {
    const summary = this.series.summary(this.metric);
    this.writeNow();
    this.writeRange(summary);
    this.writeQuality(summary);
    this.writeLines();
    if ($("table").closest("details").open) this.writeTable();
    this.layOut(this.layout.left, this.layout.width);
    $("chart").setAttribute("aria-label", this.describe(summary));
  }

  writeNow() {
    const { absent } = constants;
    const display = this.now?.display;
    // A range that is over has no live values.
    $("now-tile").hidden = $("chatters-tile").hidden = this.series.isPast;
    $("now-name").textContent = $("now-name").dataset[this.isOld ? "old" : "live"];
    $("now").textContent = display?.values[this.metric] ?? absent;
    $("now-note").textContent = display?.notes[this.metric] ?? "";
    $("chatters").textContent = display?.values.chatters ?? absent;
    $("depth").textContent = display?.chatters_per_thousand ?? absent;
    $("per-chatter").textContent = display?.messages_per_chatter ?? absent;
    $("coverage-now").textContent = display?.coverage ?? absent;
    $("apart").hidden = !display?.excluded;
    $("apart").querySelector("b").textContent = display?.excluded ?? "";
    this.readOut(this.readoutMs, this.readMarks);
  }

  writeRange(summary) {
    $("peak").textContent = summary.peak;
    $("peak-unit").textContent = summary.peak_unit;
    $("peak-tag").hidden = !summary.is_lower_bound;
    $("peak-note").replaceChildren(
      ...(summary.peak_ms ? [timeElement(summary.peak_ms), ` ${ZONE}`] : [summary.peak_note]),
    );
    $("average").textContent = summary.average;
    $("average-unit").textContent = summary.average_unit;
    $("average-note").textContent = summary.heard;
  }

  writeQuality({ coverage, coverage_on_air: onAirCoverage }) {
    const lastGap = this.series.gaps.at(-1);
    const count = this.series.gaps.length;
    $("coverage-range").textContent = coverage;
    $("coverage-on-air").textContent = onAirCoverage;
    $("gaps").hidden = count === 0;
    $("gaps").textContent = `${count} ${count === 1 ? "gap" : "gaps"}`;
    $("gap-when").replaceChildren(...(lastGap ? [timeElement(lastGap.from_ms)] : []));
    $("gap-length").textContent = lastGap?.length ?? "none";
    $("tape").setAttribute("aria-label", describeTape(coverage, count));
    $("no-gaps").hidden = count > 0;
    renew($("gap-list"), this.series.gaps.slice(-constants.gaps_shown).reverse(), gapItem);
  }

  writeLines() {
    this.lines = linesOf(this.marks);
    $("lines").hidden = this.lines.length === 0;
    $("no-lines").hidden = this.lines.length > 0;
    renew($("lines"), this.lines.slice(0, constants.lines_shown), (line) =>
      lineItem(line, constants.shapes),
    );
  }

  writeTable() {
    const points = this.series.pointsOf(this.metric);
    const step = Math.max(1, Math.round(points.length / constants.table_rows));
    const shown = points.toReversed().filter((_, i) => i % step === 0);
    const marks = beside(shown, this.noted);
    $("table").replaceChildren(...shown.map((point, i) => this.tableRow(point, marks[i])));
  }

  tableRow(point, marks) {
    const row = document.createElement("tr");
    row.insertCell().append(timeElement(point.end_ms));
    for (const metric of new Set([this.metric, "viewers"])) {
      const cell = row.insertCell();
      cell.className = "num";
      cell.textContent = figure(metric, valueOf(point, metric), point.coverage);
    }
    row.insertCell().append(...markTexts(marks));
    return row;
  }

  /** Write the legend: the point under the crosshair and the marks there, else the newest point. */
  readOut(atMs, marks) {
    Object.assign(this, { readoutMs: atMs, readMarks: marks });
    const newest = this.newest();
    const at = atMs === null ? newest : this.series.points.find((point) => point.end_ms === atMs);
    const legend = $("legend");
    const write = (selector, metric) => {
      const value = at ? valueOf(at, metric) : null;
      legend.querySelector(selector).textContent =
        value === null ? absence(at, metric) : figure(metric, value, coverageOf(metric, at));
    };
    legend.querySelector("[data-marks]").textContent = marks
      .map(({ at_ms, label }) => `${when(at_ms)} ${label}`)
      .join(" · ");
    legend.querySelector(".when").textContent = this.whenOf(
      atMs ?? (newest === this.now ? null : (newest?.end_ms ?? null)),
    );
    legend.querySelector("[data-overlay]").hidden =
      this.metric === "viewers" || !$("overlay").checked;
    write("[data-value]", this.metric);
    write("[data-viewers]", "viewers");
  }

  /** What the legend shows of its own accord: the live value where it can stand beside the points, else the last one. */
  newest() {
    if (this.series.isPast) return this.series.points.at(-1) ?? null;
    return this.series.isComparable(this.metric) ? this.now : (this.series.newestWhole() ?? null);
  }

  whenOf(atMs) {
    const ms = atMs ?? (this.now && endOf(this.metric, this.now));
    if (this.series.isPast && atMs === null) return "No data";
    if (ms == null) return "No live data";
    const word = this.isOld ? "Last known, " : "Now, ";
    const isOffAir = this.offAir().some((span) => ms > span.from_ms && ms <= span.until_ms);
    return `${atMs === null ? word : ""}${when(ms)} ${ZONE}${isOffAir ? " · off air" : ""}`;
  }

  layOut(left, width) {
    this.layout = { left, width };
    if (!this.span || width <= 0) return;
    const open = this.openGap().map((gap) => ({
      kind: "off",
      from: gap.from_ms,
      until: gap.until_ms,
    }));
    drawTape($("tape"), [...this.series.tape(), ...open], { ...this.span, left, width });
  }

  describe({ peak, peak_unit: unit }) {
    const { name } = metricOf(this.metric);
    const most = peak === constants.absent ? "no data" : `peak ${peak} ${unit}`;
    const events = this.lines.length ? ` ${this.lines.length} lines under “What happened”.` : "";
    return `${name} of ${this.profile?.name ?? "the channel"}, ${this.series.range.label}: ${most}.${events}`;
  }

  /** Say something in the place of the chart; with "" only that there is nothing to draw, where that is so. */
  say(message) {
    this.message = message;
    $("chart-message").textContent = message || this.emptiness();
  }

  emptiness() {
    const { points } = this.series;
    const note = historyNote(this.series, { isLive: this.isLive, nowMs: this.clockMs });
    if (note || points.length === 0 || points.some((point) => valueOf(point, this.metric) !== null))
      return note;
    const { name, empty, longer } = metricOf(this.metric);
    return `${name} has no value in this range: ${this.series.isLong ? longer : empty}.`;
  }
}

/** Why a point has no value: nobody listened, Twitch has not said who watches, or there is nothing to divide. */
function absence(point, metric) {
  if (
    point &&
    point.end_ms !== null &&
    coverageOf(metric, point) === 0 &&
    !metricOf(metric).from_helix
  )
    return "gap";
  return point && metricOf(metric).needs_viewers && point.values.viewers == null
    ? "unknown"
    : constants.absent;
}

function gapItem({ from_ms: fromMs, reason, length }) {
  const item = document.createElement("li");
  const [why, how] = [document.createElement("span"), document.createElement("span")];
  why.className = "grow";
  why.textContent = reason;
  how.className = "muted";
  how.textContent = length;
  item.append(timeElement(fromMs), why, how);
  return item;
}

function onAir(startedAt, nowMs) {
  const started = Date.parse(startedAt);
  return Number.isNaN(started) ? "" : `On air ${duration(nowMs - started)}`;
}
