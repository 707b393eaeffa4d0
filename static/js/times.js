// Which zone times are shown in, UTC or the reader's own: the account's choice, which base.html puts on the page.

const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const isLocal = globalThis.document?.documentElement.dataset.times === "local";
/** What stands behind a time, and which zone that is. */
export const ZONE = isLocal ? "local time" : "UTC";
export const ZONE_NAME = isLocal ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";

/** How far the clock on the wall is ahead of UTC, in ms. */
export const offsetOf = (atMs, local = isLocal) =>
  local ? -new Date(atMs).getTimezoneOffset() * 60_000 : 0;

/** What the clock on the wall shows, as ms that would be it in UTC. */
export const wall = (atMs, local = isLocal) => atMs + offsetOf(atMs, local);

/** When the clock on the wall shows that; of a time that it shows twice, the first, or the last. */
export function unwall(wallMs, isLast = false) {
  if (!isLocal) return wallMs;
  const at = new Date(wallMs);
  const date = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const time = [at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds()];
  const first = new Date(...date, ...time).getTime();
  return isLast ? (again(first) ?? first) : first;
}

/** When the clock on the wall shows the same once more after it was put back, null where it does not. */
function again(atMs) {
  const later = atMs + offsetOf(atMs) - offsetOf(atMs + DAY_MS);
  return later > atMs && wall(later) === wall(atMs) ? later : null;
}

/** Whether the clock on the wall shows this time twice. */
export const isTwice = (atMs) => again(atMs) !== null || unwall(wall(atMs)) !== atMs;

/** +02, -03:30 */
export function offsetText(atMs) {
  const minutes = Math.round(offsetOf(atMs) / 60_000);
  const [hours, left] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  const two = (number) => String(number).padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(hours)}${left ? `:${two(left)}` : ""}`;
}

const written = (atMs, local) => new Date(wall(atMs, local)).toISOString();

export const hms = (atMs, local = isLocal) => written(atMs, local).slice(11, 19);
export const hm = (atMs, local = isLocal) => written(atMs, local).slice(11, 16);
/** 2026-11-21 14:03:09 */
export const stamp = (atMs) => written(atMs, isLocal).slice(0, 19).replace("T", " ");
/** A moment as a date field takes it: to the minute. */
export const fieldValue = (atMs) => written(atMs, isLocal).slice(0, 16);
/** The same to the second. */
export const fieldValueInSeconds = (atMs) => written(atMs, isLocal).slice(0, 19);
/**
 * The moment that a date field names, NaN for none. `shownMs` is the one that was put into the field: left alone it keeps
 * its moment, and of a time that the clock shows twice the same side is taken. Otherwise that is the first, or the last.
 */
export function fieldMs(text, shownMs = null, isLast = false) {
  const wallMs = Date.parse(`${text}Z`);
  if (shownMs === null || Number.isNaN(wallMs)) return unwall(wallMs, isLast);
  if (text === fieldValue(shownMs) || text === fieldValueInSeconds(shownMs)) return shownMs;
  const alike = wallMs - offsetOf(shownMs);
  return wall(alike) === wallMs ? alike : unwall(wallMs, isLast);
}

/** 21 Nov */
export function day(atMs, local = isLocal) {
  const at = new Date(wall(atMs, local));
  return `${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`;
}

/** 21 Nov 2026, 14:03 */
export function date(atMs, local = isLocal) {
  return `${day(atMs, local)} ${new Date(wall(atMs, local)).getUTCFullYear()}, ${hm(atMs, local)}`;
}

/** The time of day, with the day where that is not today's. */
export function when(atMs, nowMs = Date.now(), local = isLocal) {
  const isToday =
    Math.floor(wall(atMs, local) / DAY_MS) === Math.floor(wall(nowMs, local) / DAY_MS);
  return isToday ? hms(atMs, local) : `${day(atMs, local)}, ${hms(atMs, local)}`;
}

/** A <time> that shows the other zone on hover. */
export function timeElement(atMs) {
  const element = document.createElement("time");
  element.dataset.utc = "";
  element.dateTime = new Date(atMs).toISOString();
  return showTime(element);
}

/** Write a <time data-utc> in the chosen zone, and the other one into its title; "date" has the year and no seconds. */
export function showTime(element) {
  const atMs = Date.parse(element.dateTime);
  const said = (local) =>
    element.dataset.utc === "date" ? date(atMs, local) : when(atMs, Date.now(), local);
  if (isLocal || !element.textContent) element.textContent = said(isLocal);
  element.title = isLocal ? `${said(false)} UTC` : `${new Date(atMs).toLocaleString()} your time`;
  return element;
}

/** Write the zone wherever the page names it. */
export function showZone(root) {
  if (!isLocal) return;
  root.querySelectorAll("[data-zone]").forEach((element) => {
    element.textContent = ZONE;
    element.title = ZONE_NAME;
  });
  root
    .querySelectorAll("[data-hm]")
    .forEach((element) => (element.textContent = hm(Number(element.dataset.hm))));
}
