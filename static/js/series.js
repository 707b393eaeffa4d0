// @ts-check
// A channel's history and its live windows: points by window end, gaps and events.

import { constants } from "./constants.js";
import { coverageOf, isComplete, isKnown, metricOf } from "./metrics.js";
import { HOUR_MS, MINUTE_MS } from "./times.js";

export const MISSING_AFTER_STEPS = 2.5;

/**
 * A window. `isEdge`: it arrived live. `isShort`: it is shorter than the stored windows of the range. `hasDistinct`:
 * false until the distinct counts (chatters, repetition) of a live window have arrived.
 * @typedef {object} Point
 * @property {number} end_ms
 * @property {number} coverage
 * @property {Record<string, number | null>} values
 * @property {boolean} [isEdge]
 * @property {boolean} [isShort]
 * @property {boolean} [hasDistinct]
 *
 * @typedef {import("./tape.js").Run} Run
 */

export class Series {
  /** @type {Point[]} */
  points = [];
  /** @type {Gap[]} */
  gaps = [];
  /** @type {EventMark[]} */
  marks = [];
  rawFromMs = 0;
  /** @type {Record<string, string>} */
  effects = {};
  /** @type {Set<string>} */
  loaded = new Set();
  /** @type {Record<string, Summary>} */
  summaries = {};

  /** @param {ChartRange} range */
  constructor(range) {
    this.range = range;
  }

  /**
   * Return a metric's peak, average and coverage over the range, as formatted by the server.
   * @param {string} metric
   * @returns {Summary}
   */
  summary(metric) {
    return this.summaries[metric] ?? noSummary();
  }

  /**
   * Return the part of this series within another range, to be drawn until that range's data arrives.
   * @param {ChartRange} range
   */
  within(range) {
    const part = new Series({
      ...range,
      step_ms: this.range.step_ms,
      merge_ms: this.range.merge_ms,
      length: this.range.length,
    });
    Object.assign(part, {
      points: this.points,
      gaps: this.gaps,
      marks: this.marks,
      effects: this.effects,
      rawFromMs: this.rawFromMs,
    });
    part.prune();
    return part;
  }

  /** Whether the range is in the past and includes no live data. */
  get isPast() {
    return this.range.until_ms != null;
  }

  /**
   * Return the time span. If it is not in the past, it ends with the newest live window, or at `nowMs` without one.
   * @param {number} nowMs
   */
  span(nowMs) {
    const last = this.points.at(-1)?.end_ms;
    const untilMs =
      this.range.until_ms ??
      (last == null || nowMs - last > constants.gone_after_ms ? nowMs : last);
    return { fromMs: untilMs - this.range.span_ms, untilMs };
  }

  /**
   * Merge a metric's data from /channels/<id>/series; keep the values of other metrics and the live points.
   * @param {ChannelHistory} history
   */
  merge(history) {
    const columns = Object.entries(history.values);
    for (const [metric] of columns) this.loaded.add(metric);
    const newest = this.isLong ? (history.end_ms.at(-1) ?? 0) : 0;
    // A complete minute or hour replaces the live points within it.
    const stays = this.points.filter((point) => point.end_ms > newest || !point.isShort);
    const known = new Map(stays.map((point) => [point.end_ms, point]));
    history.end_ms.forEach((endMs, i) =>
      known.set(endMs, historyPoint(history, columns, i, known.get(endMs))),
    );
    this.points = [...known.values()].sort((a, b) => a.end_ms - b.end_ms);
    this.gaps = history.gaps;
    Object.assign(this.summaries, history.summary);
    const pushed = this.marks;
    // The history contains sums of older events, so separate marks would count them twice.
    this.rawFromMs = history.raw_from_ms;
    this.marks = history.marks;
    this.effects = history.effects;
    this.addMarks(pushed);
    this.prune();
  }

  /**
   * Return whether the history of a metric has been loaded; it may be empty.
   * @param {string} metric
   */
  knows(metric) {
    return this.loaded.has(metric);
  }

  /** Whether any history has been loaded. */
  get hasLoaded() {
    return this.loaded.size > 0;
  }

  /**
   * Add recent events, one mark per event; a changed event replaces its mark. Return whether anything changed.
   * @param {EventMark[]} recent
   */
  addMarks(recent) {
    if (this.isPast) return false;
    const known = new Map(this.marks.map(({ id, at_ms: atMs }) => [id, atMs]));
    const fresh = recent.filter(
      ({ id, at_ms: atMs }) => atMs >= this.rawFromMs && known.get(id) !== atMs,
    );
    const ids = new Set(fresh.map(({ id }) => id));
    this.marks = [...this.marks.filter(({ id }) => !ids.has(id)), ...fresh];
    return fresh.length > 0;
  }

  /**
   * Remove the withdrawn end of a broadcast that is live according to `profile`. Return whether an end was removed.
   * @param {Pick<Profile, "id" | "started_at"> | null} profile
   */
  dropEnd(profile) {
    if (this.isPast || !profile?.started_at) return false;
    const endId = `${profile.id}-stream_end-${Date.parse(profile.started_at)}`;
    const before = this.marks.length;
    this.marks = this.marks.filter(({ id }) => id !== endId);
    return this.marks.length < before;
  }

  /**
   * Add the channel's newest live window; return whether it is new.
   * @param {LiveWindow} channel
   */
  add(channel) {
    if (this.isPast) return false;
    const { end_ms, coverage, values } = channel;
    const last = this.points.at(-1);
    if (end_ms == null || (last && end_ms <= last.end_ms)) return false;
    if (last?.isEdge && this.bucket(last.end_ms) === this.bucket(end_ms)) this.points.pop();
    const [sums, distinct] = [false, true].map((is) =>
      valuesWhere(values, (key) => metricOf(key).distinct === is),
    );
    this.points.push({
      end_ms,
      coverage,
      values: sums,
      isEdge: true,
      isShort: this.isLong,
      hasDistinct: false,
    });
    // Distinct counts have their own windows, which end up to 4 s earlier.
    const at = this.points.findLast((point) => point.end_ms === channel.distinct_end_ms);
    if (at?.isEdge) Object.assign(at.values, distinct);
    if (at?.isEdge) at.hasDistinct = true;
    this.prune();
    return true;
  }

  /**
   * Return the points that have a value for a metric; distinct counts have fewer live points.
   * @param {string} metric
   */
  pointsOf(metric) {
    return metricOf(metric).distinct
      ? this.points.filter((point) => point.hasDistinct !== false)
      : this.points;
  }

  /**
   * Return the end of the newest window of a metric; null for a past range, or if the channel is not live.
   * @param {string} metric
   * @param {number} nowMs
   */
  edgeMs(metric, nowMs) {
    const last = this.isPast ? null : this.pointsOf(metric).at(-1)?.end_ms;
    return last == null || nowMs - last > constants.gone_after_ms ? null : last;
  }

  /**
   * Return the spans without a known broadcast: from the end of one to the start of the next one, or to `untilMs`.
   * During these spans, the channel was off air or not tracked.
   * @param {number} untilMs
   * @param {boolean} [isOffline]
   * @returns {Stretch[]}
   */
  offAir(untilMs, isOffline = false) {
    const changes = this.marks.filter(
      ({ kind }) => kind === "stream_start" || kind === "stream_end",
    );
    changes.sort((a, b) => a.at_ms - b.at_ms);
    const spans = [];
    /** @type {number | null} */
    let sinceMs = isOffline && changes.length === 0 ? untilMs - this.range.span_ms : null;
    for (const { kind, at_ms: atMs } of changes) {
      if (kind === "stream_end") sinceMs ??= atMs;
      else if (sinceMs !== null) {
        spans.push({ from_ms: sinceMs, until_ms: atMs });
        sinceMs = null;
      }
    }
    return sinceMs === null || sinceMs >= untilMs
      ? spans
      : [...spans, { from_ms: sinceMs, until_ms: untilMs }];
  }

  /** Whether the range is stored in minutes or hours, rather than in live windows. */
  get isLong() {
    return this.range.step_ms >= MINUTE_MS;
  }

  /**
   * Return whether a live value is comparable with the points.
   * @param {string} metric
   */
  isComparable(metric) {
    return !(this.isLong && metricOf(metric).by_length);
  }

  /** The newest point whose window has the full length of the range’s windows. */
  newestWhole() {
    return this.points.findLast((point) => !point.isShort);
  }

  /**
   * Return the time bucket of a live point. Ranges of up to an hour keep one point per second, longer ranges one per step.
   * @param {number} endMs
   */
  bucket(endMs) {
    return this.range.span_ms <= HOUR_MS ? endMs : Math.floor((endMs - 1) / this.range.step_ms);
  }

  /** Drop points, gaps and marks outside the time span. */
  prune() {
    if (!this.isPast && this.points.length === 0) return;
    const { fromMs, untilMs } = this.span(this.points.at(-1)?.end_ms ?? 0);
    this.points = this.points.filter((point) => point.end_ms >= fromMs && point.end_ms <= untilMs);
    this.gaps = this.gaps.filter(
      (gap) => gap.until_ms >= fromMs && (!this.isPast || gap.from_ms <= untilMs),
    );
    this.marks = this.marks.filter(
      (mark) => (mark.until_ms ?? mark.at_ms) >= fromMs && (!this.isPast || mark.at_ms <= untilMs),
    );
  }

  /**
   * Return columns for uPlot, times in ms; a row of nulls breaks the lines where windows are missing.
   * @param {string[]} metrics
   * @returns {[number[], ...(number | null)[][]]}
   */
  columns(metrics) {
    /** @type {number[]} */
    const times = [];
    /** @type {(number | null)[][]} */
    const columns = metrics.map(() => []);
    for (const point of this.pointsOf(metrics[0])) {
      const before = times.at(-1);
      if (before !== undefined && this.isMissing(before, point.end_ms)) {
        times.push(before + 1);
        columns.forEach((column) => column.push(null));
      }
      times.push(point.end_ms);
      columns.forEach((column, i) => column.push(valueOf(point, metrics[i])));
    }
    return [times, ...columns];
  }

  /** Spans to hatch: the gaps that the server lists, and time on air for which live windows are missing. */
  bands() {
    const missing = this.pairs()
      .filter(([before, after]) => after.isEdge && this.isMissing(before.end_ms, after.end_ms))
      .map(([before, after]) => ({ from_ms: before.end_ms, until_ms: after.end_ms }));
    return joined([...this.gaps, ...without(missing, this.offAir(Infinity))]);
  }

  /** Runs of constant coverage for the tape: "on", "part" or "off". */
  tape() {
    /** @type {Run[]} */
    const runs = [];
    const first = this.points[0];
    let from = first ? first.end_ms - this.range.step_ms : 0;
    for (const point of this.points) {
      if (this.isMissing(from, point.end_ms))
        extend(runs, "off", from, (from = point.end_ms - this.range.step_ms));
      extend(runs, kindOf(point.coverage), from, point.end_ms);
      from = point.end_ms;
    }
    if (this.isPast)
      this.beyond(from).forEach((gap) => extend(runs, "off", gap.from_ms, gap.until_ms));
    return runs;
  }

  /**
   * Return the recorded gaps after the last point.
   * @param {number} lastMs
   */
  beyond(lastMs) {
    const later = this.gaps.filter((gap) => gap.until_ms > lastMs);
    return later.map((gap) => ({ from_ms: Math.max(gap.from_ms, lastMs), until_ms: gap.until_ms }));
  }

  /**
   * @param {number} fromMs
   * @param {number} untilMs
   */
  isMissing(fromMs, untilMs) {
    return untilMs - fromMs > MISSING_AFTER_STEPS * this.range.step_ms;
  }

  /** @returns {[Point, Point][]} */
  pairs() {
    return this.points.slice(1).map((point, i) => [this.points[i], point]);
  }
}

/**
 * Return the summary that the tiles show until the actual one arrives.
 * @returns {Summary}
 */
function noSummary() {
  const { absent } = constants;
  return {
    peak: absent,
    peak_value: null,
    peak_name: "Peak",
    has_live_peak: false,
    peak_ms: null,
    peak_note: "",
    peak_unit: "",
    average: absent,
    average_unit: "",
    coverage: absent,
    coverage_on_air: absent,
    heard: "",
    is_lower_bound: false,
  };
}

/**
 * Return a point's value; a count without coverage is null, not 0.
 * @param {Pick<Point, "coverage" | "values" | "isShort"> & { distinct_coverage?: number | null }} point
 * @param {string} metric
 */
export function valueOf(point, metric) {
  if (metric === "coverage") return 100 * point.coverage;
  if (!isKnown(metric, coverageOf(metric, point))) return null;
  // A live value that depends on the window length is not comparable with the range's values: for example, chatters per
  // 30 s and chatters per hour.
  if (point.isShort && metricOf(metric).by_length) return null;
  return point.values[metric] ?? null;
}

/**
 * Return only the values whose metrics meet a condition.
 * @param {Record<string, number>} values
 * @param {(metric: string) => boolean} holds
 * @returns {Record<string, number | null>}
 */
function valuesWhere(values, holds) {
  return Object.fromEntries(Object.entries(values).filter(([key]) => holds(key)));
}

/**
 * @param {ChannelHistory} history
 * @param {[string, (number | null)[]][]} columns
 * @param {number} i
 * @param {Point} [before]
 * @returns {Point}
 */
function historyPoint(history, columns, i, before) {
  const values = before && !before.isShort ? { ...before.values } : {};
  for (const [metric, column] of columns) values[metric] = column[i];
  return { end_ms: history.end_ms[i], coverage: history.coverage[i], values };
}

/**
 * Return the kind of run that the tape shows for a window with this coverage.
 * @param {number} coverage
 * @returns {Run["kind"]}
 */
export function kindOf(coverage) {
  if (coverage === 0) return "off";
  return isComplete(coverage) ? "on" : "part";
}

/**
 * @param {Run[]} runs
 * @param {Run["kind"]} kind
 * @param {number} from
 * @param {number} until
 */
function extend(runs, kind, from, until) {
  const last = runs.at(-1);
  if (last?.kind === kind && last.until === from) last.until = until;
  else runs.push({ kind, from, until });
}

/**
 * Return the parts of `spans` outside `others`.
 * @param {Stretch[]} spans
 * @param {Stretch[]} others
 */
function without(spans, others) {
  return others.reduce(
    (left, other) =>
      left.flatMap(({ from_ms: from, until_ms: until }) =>
        [
          { from_ms: from, until_ms: Math.min(until, other.from_ms) },
          { from_ms: Math.max(from, other.until_ms), until_ms: until },
        ].filter((part) => part.until_ms > part.from_ms),
      ),
    spans,
  );
}

/** @param {Stretch[]} spans */
function joined(spans) {
  const sorted = [...spans].sort((a, b) => a.from_ms - b.from_ms);
  return sorted.reduce((/** @type {Stretch[]} */ bands, span) => {
    const last = bands.at(-1);
    if (last && span.from_ms <= last.until_ms)
      last.until_ms = Math.max(last.until_ms, span.until_ms);
    else bands.push({ from_ms: span.from_ms, until_ms: span.until_ms });
    return bands;
  }, []);
}
