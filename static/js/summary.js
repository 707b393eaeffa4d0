// What the tiles and the data-quality panel say of a chart, by the rules of apps/dashboard/summary.py.

import { metricOf } from "./metrics.js";
import { valueOf } from "./series.js";

const DAY_MS = 86_400_000;
const LIVE_WINDOW_MS = 30_000;
const OVER_MIDNIGHT = "over midnight UTC: who wrote on both sides counts twice";

/** Peak, median, connected time and coverage of one metric over a series. */
export function summarise(series, metric) {
  const valued = series.points
    .map((point) => ({ value: valueOf(point, metric), end_ms: point.end_ms }))
    .filter(({ value }) => value !== null);
  const peak = valued.reduce((best, one) => (best === null || one.value > best.value ? one : best), null);
  const { connectedMs, spanMs } = connected(series);
  const coverage = spanMs ? connectedMs / spanMs : null;
  return {
    peak: peak?.value ?? null,
    peakMs: peak?.end_ms ?? null,
    median: median(valued.map(({ value }) => value)),
    connectedMs,
    coverage,
    lowerBound: coverage !== null && coverage < 1,
    lastGap: series.gaps.at(-1) ?? null,
  };
}

/** Whether a live window lies on both sides of midnight UTC, when the keys of the hashes change. */
function isOverMidnight(endMs) {
  const after = endMs % DAY_MS;
  return after > 0 && after < LIVE_WINDOW_MS;
}

/** Why a channel has no value of a metric now, or is not ranked by it, or what is odd about it; `now` is null until that is known. */
export function nowNote(metric, now) {
  if (now === null) return "";
  const isAbsent = now.values[metric] == null;
  if (!isAbsent && !now.unranked[metric]) {
    return metricOf(metric).distinct && isOverMidnight(now.end_ms) ? OVER_MIDNIGHT : "";
  }
  if (now.is_offline) return "the stream is offline";
  if (now.end_ms === null) return "no live window";
  return isAbsent ? metricOf(metric).empty : `not ranked: ${now.unranked[metric]}`;
}

/** Each point speaks for one step at most; in the past the gaps recorded at the ends belong to the span. */
function connected(series) {
  const { points, range } = series;
  const ends = gapEnds(series);
  if (points.length > 0) ends.push(points[0].end_ms - range.step_ms, points.at(-1).end_ms);
  if (ends.length === 0) return { connectedMs: 0, spanMs: 0 };
  const first = points[0]?.end_ms - range.step_ms;
  const heard = points.map((point, i) => {
    const from = i ? points[i - 1].end_ms : first;
    return Math.min(point.end_ms - from, range.step_ms) * point.coverage;
  });
  return { connectedMs: heard.reduce((sum, ms) => sum + ms, 0), spanMs: Math.max(...ends) - Math.min(...ends) };
}

function gapEnds(series) {
  if (series.range.until_ms == null) return [];
  const { fromMs, untilMs } = series.span();
  const within = (atMs) => Math.min(Math.max(atMs, fromMs), untilMs);
  return series.gaps.flatMap((gap) => [within(gap.from_ms), within(gap.until_ms)]);
}

function median(values) {
  if (values.length === 0) return null;
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
