// @ts-check
// How a number is written: the one place for the script, as templatetags/figures.py is for the pages; times.js has times.

import { metricOf } from "./metrics.js";

export const ABSENT = "–";
export const PARTIAL_BELOW = 0.95;
const LOWER_BOUND = "≥ ";

/** Thousands by comma; halves go up; no 0 below 0. */
export function number(value, decimals) {
  const [whole, fraction] = value
    .toFixed(decimals)
    .replace(/^-(?=[0.]+$)/, "")
    .split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction ? `${grouped}.${fraction}` : grouped;
}

/** A plain number, or the sign for an unknown one. */
export const count = (records) => (records == null ? ABSENT : number(records, 0));

/** A number that is no metric, with one decimal. */
export const tenth = (value) => (value == null ? ABSENT : number(value, 1));

/** A metric's value without its unit; a count that was not wholly heard is a lower bound. */
export function figure(metric, value, coverage = 1) {
  if (value == null) return ABSENT;
  const { decimals, is_count: isCount } = metricOf(metric);
  return (isCount && coverage < 1 ? LOWER_BOUND : "") + number(value, decimals);
}

/** A peak, which is a lower bound when part of the range was not heard. */
export function atLeast(metric, value, lowerBound) {
  if (value == null) return ABSENT;
  return (lowerBound ? LOWER_BOUND : "") + number(value, metricOf(metric).decimals);
}

/** What was heard and is not counted: from other channels by shared chat, and by known bots. */
export function heardApart({ copies, bot_messages: byBots }, coverage) {
  const written = (count) => (coverage < 1 ? LOWER_BOUND : "") + number(count, 0);
  const parts = [];
  if (copies) parts.push(`${written(copies)} from shared chat`);
  if (byBots) parts.push(`${written(byBots)} by bots`);
  return parts.join(", ");
}

/** A share of 0 to 1 as a percentage, cut so that 100.0 means all of it. */
export function percent(share) {
  return share == null ? ABSENT : (Math.trunc(share * 1000) / 10).toFixed(1);
}

/** 42 s, 3 min 10 s, 3 h 12 min. */
export function duration(spanMs) {
  if (spanMs > 0 && spanMs < 1000) return "< 1 s";
  const seconds = Math.max(0, Math.floor(spanMs / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** Seconds up to 999 s, then minutes. */
export function age(ageMs) {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  return seconds < 1000 ? `${seconds} s` : `${number(Math.floor(seconds / 60), 0)} min`;
}

/** An axis tick: 950, 1.2k, 31k, 1.4M. */
export function short(value) {
  if (value >= 1e6) return `${+(value / 1e6).toFixed(1)}M`;
  if (value >= 1e4) return `${+(value / 1e3).toFixed(1)}k`;
  if (value >= 1e3) return `${+(value / 1e3).toFixed(2)}k`;
  return `${+value.toFixed(2)}`;
}
