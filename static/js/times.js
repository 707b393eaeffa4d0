// Which zone times are shown in, UTC or the reader's own: the account's choice, which base.html puts on the page.

const DAY_MS = 86_400_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

export const isLocal = globalThis.document?.documentElement.dataset.times === "local";
/** What stands behind a time, and which zone that is. */
export const ZONE = isLocal ? "local time" : "UTC";
export const ZONE_NAME = isLocal ? Intl.DateTimeFormat().resolvedOptions().timeZone : "UTC";

/** What the clock on the wall shows, as ms that would be it in UTC. */
export function wall(atMs, local = isLocal) {
  return local ? atMs - new Date(atMs).getTimezoneOffset() * 60_000 : atMs;
}

/** When the clock on the wall shows that; of an hour that it shows twice, the first. */
export function unwall(wallMs) {
  if (!isLocal) return wallMs;
  const at = new Date(wallMs);
  const date = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  return new Date(...date, at.getUTCHours(), at.getUTCMinutes(), at.getUTCSeconds(), at.getUTCMilliseconds()).getTime();
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
/** The moment that a date field names, NaN for none. */
export const fieldMs = (text) => unwall(Date.parse(`${text}Z`));

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
  const isToday = Math.floor(wall(atMs, local) / DAY_MS) === Math.floor(wall(nowMs, local) / DAY_MS);
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
  const said = (local) => (element.dataset.utc === "date" ? date(atMs, local) : when(atMs, Date.now(), local));
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
  root.querySelectorAll("[data-hm]").forEach((element) => (element.textContent = hm(Number(element.dataset.hm))));
}
