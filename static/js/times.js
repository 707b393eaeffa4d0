// @ts-check
// The time zone of the page, UTC or local. It is the account's setting, which base.html writes into the page.

import { all } from "./dom.js";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const isLocal = globalThis.document?.documentElement.dataset.times === "local";
/** The zone's name, for labels without a time, because its abbreviation may change with the season. */
export const ZONE_NAME = isLocal ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";

// In the English of these regions, common zones have abbreviations; elsewhere they are written as GMT+1.
const ABBREVIATIONS = ["US", "GB", "AU", "NZ", "IN", "ZA"].map(
  (region) => new Intl.DateTimeFormat(`en-${region}`, { timeZoneName: "short" }),
);

/**
 * Return the label of the zone at a time: UTC, CET, CEST, UTC-03.
 * @param {number} atMs
 */
export function zoneAt(atMs) {
  if (!isLocal) return "UTC";
  const names = ABBREVIATIONS.map(
    (format) => format.formatToParts(atMs).find(({ type }) => type === "timeZoneName")?.value ?? "",
  );
  return names.find((name) => /^[A-Z]+$/.test(name)) ?? `UTC${offsetText(atMs)}`;
}

/**
 * Return the zone's offset from UTC, in ms.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export const offsetOf = (atMs, local = isLocal) =>
  local ? -new Date(atMs).getTimezoneOffset() * MINUTE_MS : 0;

/**
 * Return the local wall-clock time as the timestamp of the same wall-clock time in UTC.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export const toWallClock = (atMs, local = isLocal) => atMs + offsetOf(atMs, local);

/**
 * Convert a wall-clock time to a timestamp; if the time occurs twice, `isLast` selects the later occurrence.
 * @param {number} wallMs
 * @param {boolean} [isLast]
 */
export function fromWallClock(wallMs, isLast = false) {
  if (!isLocal) return wallMs;
  const at = new Date(wallMs);
  const first = new Date(
    at.getUTCFullYear(),
    at.getUTCMonth(),
    at.getUTCDate(),
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    at.getUTCMilliseconds(),
  ).getTime();
  return isLast ? (again(first) ?? first) : first;
}

/**
 * Return the timestamp at which the same wall-clock time occurs again because the clock is set back, or null.
 * @param {number} atMs
 */
function again(atMs) {
  const later = atMs + offsetOf(atMs) - offsetOf(atMs + DAY_MS);
  return later > atMs && toWallClock(later) === toWallClock(atMs) ? later : null;
}

/**
 * Return whether this wall-clock time occurs twice.
 * @param {number} atMs
 */
export const isTwice = (atMs) => again(atMs) !== null || fromWallClock(toWallClock(atMs)) !== atMs;

/**
 * Format the offset from UTC: +02, -03:30.
 * @param {number} atMs
 */
export function offsetText(atMs) {
  const minutes = Math.round(offsetOf(atMs) / MINUTE_MS);
  const [hours, left] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(hours)}${left ? `:${two(left)}` : ""}`;
}

/**
 * @param {number} atMs
 * @param {boolean} local
 */
const written = (atMs, local) => new Date(toWallClock(atMs, local)).toISOString();

/**
 * Format the time of day: 14:03:09.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export const hms = (atMs, local = isLocal) => written(atMs, local).slice(11, 19);
/**
 * Format the time of day to the minute: 14:03.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export const hm = (atMs, local = isLocal) => written(atMs, local).slice(11, 16);
/**
 * Format date and time: 2026-11-21 14:03:09.
 * @param {number} atMs
 */
export const stamp = (atMs) => written(atMs, isLocal).slice(0, 19).replace("T", " ");
/**
 * Format a time for a date field, to the minute.
 * @param {number} atMs
 */
export const fieldValue = (atMs) => written(atMs, isLocal).slice(0, 16);
/**
 * Format a time for a date field, to the second.
 * @param {number} atMs
 */
export const fieldValueInSeconds = (atMs) => written(atMs, isLocal).slice(0, 19);
/**
 * Return the time in a date field, NaN if it is empty. `shownMs` is the time that the page wrote into the field; if the
 * field is unchanged, `shownMs` is returned. If the time occurs twice, the occurrence with the UTC offset of `shownMs`
 * is used; otherwise `isLast` selects the later occurrence.
 * @param {string} text
 * @param {number | null} [shownMs]
 * @param {boolean} [isLast]
 */
export function fieldMs(text, shownMs = null, isLast = false) {
  const wallMs = Date.parse(`${text}Z`);
  if (shownMs === null || Number.isNaN(wallMs)) return fromWallClock(wallMs, isLast);
  if (text === fieldValue(shownMs) || text === fieldValueInSeconds(shownMs)) return shownMs;
  const alike = wallMs - offsetOf(shownMs);
  return toWallClock(alike) === wallMs ? alike : fromWallClock(wallMs, isLast);
}

/**
 * Format the day: 21 Nov.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export function day(atMs, local = isLocal) {
  const at = new Date(toWallClock(atMs, local));
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/**
 * Format date and time for headings: 21 Nov 2026, 14:03.
 * @param {number} atMs
 * @param {boolean} [local]
 */
export function date(atMs, local = isLocal) {
  return `${day(atMs, local)} ${new Date(toWallClock(atMs, local)).getUTCFullYear()}, ${hm(atMs, local)}`;
}

/**
 * Format the time of day, preceded by the day unless it is today.
 * @param {number} atMs
 * @param {number} [nowMs]
 * @param {boolean} [local]
 */
export function when(atMs, nowMs = Date.now(), local = isLocal) {
  const isToday =
    Math.floor(toWallClock(atMs, local) / DAY_MS) ===
    Math.floor(toWallClock(nowMs, local) / DAY_MS);
  return isToday ? hms(atMs, local) : `${day(atMs, local)}, ${hms(atMs, local)}`;
}

/**
 * Return a `<time>` element with the time in the other zone as its tooltip.
 * @param {number} atMs
 */
export function timeElement(atMs) {
  const element = document.createElement("time");
  element.dataset.utc = "";
  element.dateTime = new Date(atMs).toISOString();
  return showTime(element);
}

/**
 * Write a `<time data-utc>` in the chosen zone, with the time in the other zone as its title. The format "date"
 * includes the year and omits seconds.
 * @param {HTMLTimeElement} element
 */
export function showTime(element) {
  const atMs = Date.parse(element.dateTime);
  /** @param {boolean} local */
  const text = (local) =>
    element.dataset.utc === "date" ? date(atMs, local) : when(atMs, Date.now(), local);
  if (isLocal || !element.textContent) element.textContent = text(isLocal);
  element.title = isLocal ? `${text(false)} UTC` : `${new Date(atMs).toLocaleString()} your time`;
  return element;
}

/**
 * Write the zone's label wherever the page shows it. After a time, it is the label at that time; elsewhere, it is the
 * zone's name. The tooltip of a bar with `data-starts` begins with the time in that attribute.
 * @param {ParentNode} root
 */
export function showZone(root) {
  if (!isLocal) return;
  all(root, "[data-zone]").forEach((element) => {
    const before = element.previousElementSibling;
    element.textContent =
      before instanceof HTMLTimeElement ? zoneAt(Date.parse(before.dateTime)) : ZONE_NAME;
    element.title = ZONE_NAME;
  });
  all(root, "[data-starts]").forEach((element) => {
    const atMs = Number(element.dataset.starts);
    element.title = element.title.replace(/^\S+ UTC/, `${hm(atMs)} ${zoneAt(atMs)}`);
  });
  all(root, "[data-hm]").forEach(
    (element) => (element.textContent = hm(Number(element.dataset.hm))),
  );
}

/**
 * Return all `<time>` elements inside `root`.
 * @param {ParentNode} root
 */
export const timesIn = (root) =>
  /** @type {NodeListOf<HTMLTimeElement>} */ (root.querySelectorAll("time[data-utc]"));
