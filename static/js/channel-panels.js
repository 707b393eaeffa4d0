// @ts-check
// The panels of the open channel: header, tiles, data quality and table.

import { constants } from "./constants.js";
import { $, all, byId, inside, write } from "./dom.js";
import { duration, figure } from "./figures.js";
import { metricOf } from "./metrics.js";
import { valueOf } from "./series.js";
import { describeTape } from "./tape.js";
import { markMethod } from "./tabs.js";
import { markTexts, renew } from "./timeline-view.js";
import { timeElement, zoneAt } from "./times.js";

/**
 * Write the header.
 * @param {Profile} profile
 */
export function writeProfile({
  name,
  category,
  language_name = "",
  title,
  login = "",
  is_offline,
}) {
  write($("name"), name);
  write($("glyph"), [...name].slice(0, 2).join("").toLowerCase());
  write($("category"), category);
  write($("language"), language_name);
  write($("title"), title ? `“${title}”` : "");
  $("offline").hidden = !is_offline;
  const link = byId("twitch", HTMLAnchorElement);
  link.hidden = !login;
  link.href = `${link.dataset.base}${encodeURIComponent(login)}`;
}

/**
 * Write the duration of the live broadcast.
 * @param {string | undefined} startedAt
 * @param {number} nowMs
 */
export function writeOnAir(startedAt, nowMs) {
  const started = Date.parse(startedAt ?? "");
  $("on-air").textContent = Number.isNaN(started) ? "" : `On air ${duration(nowMs - started)}`;
}

/**
 * Write the name and the unit of the charted metric wherever the page shows them.
 * @param {string} metric
 * @param {ChartRange} range
 */
export function writeMetric(metric, range) {
  const { name, unit, name_units: nameUnits, has_peak: hasPeak } = metricOf(metric);
  const channel = $("channel");
  markMethod(channel, metric);
  for (const element of all(channel, "[data-unit]")) element.textContent = nameUnits[range.length];
  for (const element of all(channel, "[data-name]")) element.textContent = name;
  inside(channel, "[data-unit-now]").textContent = unit;
  $("peak-tile").hidden = !hasPeak;
  $("range-name").textContent = range.label;
  const isAlone = metric === "viewers";
  $("overlay-label").hidden = isAlone;
  inside(channel, "[data-viewers-column]").hidden = isAlone;
}

/**
 * Write the live values; a range in the past has none.
 * @param {ChannelDisplay | undefined} display - undefined until it is known
 * @param {string} metric
 * @param {{ isPast: boolean, isOld: boolean }} state
 */
export function writeNow(display, metric, { isPast, isOld }) {
  const { absent } = constants;
  for (const id of ["now-tile", "chatters-tile", "standing", "coverage-now-row"])
    $(id).hidden = isPast;
  const { live = "", old = "" } = $("now-name").dataset;
  write($("now-name"), isOld ? old : live);
  write($("now"), display?.values[metric] ?? absent);
  write($("now-note"), display?.notes[metric] ?? "");
  write($("chatters"), display?.values.chatters ?? absent);
  write($("depth"), display?.chatters_per_thousand ?? absent);
  write($("per-chatter"), display?.messages_per_chatter ?? absent);
  write($("coverage-now"), display?.coverage ?? absent);
  $("apart").hidden = isPast || !display?.excluded;
  write(inside($("apart"), "b"), display?.excluded ?? "");
}

/**
 * Write the tiles of the range.
 * @param {Summary} summary
 */
export function writeSummary(summary) {
  writePeak(summary);
  $("average").textContent = summary.average;
  $("average-unit").textContent = summary.average_unit;
  $("average-note").textContent = summary.heard;
}

/**
 * Write the tile of the peak.
 * @param {Summary} summary
 */
export function writePeak(summary) {
  $("peak-name").textContent = summary.peak_name;
  $("peak").textContent = summary.peak;
  $("peak-unit").textContent = summary.peak_unit;
  $("peak-tag").hidden = !summary.is_lower_bound || summary.peak_value === null;
  $("peak-note").replaceChildren(
    ...(summary.peak_ms
      ? [timeElement(summary.peak_ms), ` ${zoneAt(summary.peak_ms)}`, summary.peak_note && ", "]
      : []),
    summary.peak_note,
  );
}

/**
 * Write how much of the range was heard.
 * @param {Summary} summary
 * @param {Gap[]} gaps
 */
export function writeQuality({ coverage, coverage_on_air: onAirCoverage }, gaps) {
  const lastGap = gaps.at(-1);
  $("coverage-range").textContent = coverage;
  $("coverage-on-air").textContent = onAirCoverage;
  $("gaps").hidden = gaps.length === 0;
  $("gaps").textContent = `${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}`;
  $("gap-when").replaceChildren(...(lastGap ? [timeElement(lastGap.from_ms)] : []));
  $("gap-length").textContent = lastGap?.length ?? "none";
  $("tape").setAttribute("aria-label", describeTape(coverage, gaps.length));
  $("no-gaps").hidden = gaps.length > 0;
  renew($("gap-list"), gaps.slice(-constants.gaps_shown).reverse(), gapItem);
}

/**
 * Return a table row: a point, and the events since the point in the row below it.
 * @param {import("./series.js").Point} point
 * @param {EventMark[]} marks
 * @param {string} metric
 */
export function tableRow(point, marks, metric) {
  const row = document.createElement("tr");
  row.insertCell().append(timeElement(point.end_ms));
  for (const key of new Set([metric, "viewers"])) {
    const cell = row.insertCell();
    cell.className = "num";
    cell.textContent = figure(key, valueOf(point, key), point.coverage);
  }
  row.insertCell().append(...markTexts(marks));
  return row;
}

/** @param {Gap} gap */
function gapItem({ from_ms: fromMs, reason, length }) {
  const item = document.createElement("li");
  item.append(timeElement(fromMs), textIn("grow", reason), textIn("muted", length));
  return item;
}

/**
 * @param {string} className
 * @param {string} text
 */
function textIn(className, text) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = text;
  return element;
}
