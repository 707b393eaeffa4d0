// @ts-check
// What is drawn on a chart besides its lines: hatched gaps, units, the "now" edge, and times on the axis.

import { duration } from "./figures.js";
import { day, hm, hms, isTwice, offsetOf, offsetText, unwall, wall } from "./times.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const TICK_STEPS_MS = [
  0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 180, 240, 360, 720, 1440, 2880, 7200, 14_400, 28_800,
  43_200, 86_400,
].map((min) => min * MINUTE_MS);
const TICK_ROOM_PX = 88;
const LABEL_ROOM_PX = 14;
const HATCH_PX = 6;

/**
 * Return ticks at round times of the chosen zone, kept clear of the "now" at the right. Where its clocks change, each tick
 * is looked for with the offset before and the one after. Of an hour shown twice, steps of more than an hour mark the first.
 */
export function timeTicks(min, max, widthPx) {
  const step = stepOf(min, max, widthPx);
  const end = clearOf(min, max, widthPx);
  const found = new Map();
  for (const offset of new Set([offsetOf(min), offsetOf(max)])) {
    for (let shown = Math.ceil((min + offset) / step) * step; shown < end + offset; shown += step) {
      const at = momentOf(shown, offset);
      const key = step > HOUR_MS ? shown : at;
      if (at !== null && at >= min && at < end && !found.has(key)) found.set(key, at);
    }
  }
  return [...new Set(found.values())].sort((one, other) => one - other);
}

/** Ticks at round times since 0. */
export function ticks(min, max, widthPx) {
  const step = stepOf(min, max, widthPx);
  const end = clearOf(min, max, widthPx);
  const found = [];
  for (let at = Math.ceil(min / step) * step; at < end; at += step) found.push(at);
  return found;
}

function stepOf(min, max, widthPx) {
  const wanted = Math.max(3, Math.floor(widthPx / TICK_ROOM_PX));
  return TICK_STEPS_MS.find((ms) => (max - min) / ms <= wanted) ?? TICK_STEPS_MS.at(-1);
}

const clearOf = (min, max, widthPx) => max - ((max - min) * 44) / widthPx;

/** Return when a clock with this offset shows `shown`, null for a time it skips; a skipped midnight is the day's first moment. */
function momentOf(shown, offset) {
  if (wall(shown - offset) === shown) return shown - offset;
  return shown % DAY_MS === 0 ? unwall(shown) : null;
}

/** Times of day, and the day at its first moment; a time that the clock shows twice has its offset from UTC. */
export function writeTimes(_plot, splits) {
  const inSeconds = splits.length > 1 && splits[1] - splits[0] < MINUTE_MS;
  const time = inSeconds ? hms : hm;
  const written = (at) => (isTwice(at) ? `${time(at)} ${offsetText(at)}` : time(at));
  return splits.map((at) => (day(at) === day(at - 1) ? written(at) : day(at)));
}

/** Shade each span off air: chat may go on, but there is no broadcast. */
export function drawOffAir(plot, { offAir, fromMs, untilMs }, tokens) {
  const { ctx, bbox } = plot;
  for (const span of offAir) {
    const left = plot.valToPos(Math.max(span.from_ms, fromMs), "x", true);
    const right = plot.valToPos(Math.min(span.until_ms, untilMs), "x", true);
    if (right <= left) continue;
    ctx.save();
    ctx.fillStyle = tokens.offAir;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.restore();
    if (right - left > LABEL_ROOM_PX * devicePixelRatio)
      writeUpwards(plot, (left + right) / 2, "off air", tokens.ink3, tokens);
  }
}

/** Hatch each span that was not heard and write how long it lasted, where there is room. */
export function drawBands(plot, { bands, fromMs, untilMs }, tokens) {
  for (const band of bands) {
    const left = plot.valToPos(Math.max(band.from_ms, fromMs), "x", true);
    const right = plot.valToPos(Math.min(band.until_ms, untilMs), "x", true);
    if (right <= left) continue;
    hatch(plot, left, right, tokens);
    if (right - left > LABEL_ROOM_PX * devicePixelRatio)
      writeUpwards(
        plot,
        (left + right) / 2,
        duration(band.until_ms - band.from_ms),
        tokens.warn,
        tokens,
      );
  }
}

function hatch({ ctx, bbox }, left, right, tokens) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.fillStyle = tokens.gap;
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
  ctx.setLineDash([]);
  ctx.strokeStyle = tokens.gapLine;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += HATCH_PX * devicePixelRatio * Math.SQRT2) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

function writeUpwards({ ctx, bbox }, centre, text, color, tokens) {
  ctx.save();
  ctx.translate(centre, bbox.top + bbox.height - 8 * devicePixelRatio);
  ctx.rotate(-Math.PI / 2);
  ctx.font = `${11 * tokens.k * devicePixelRatio}px ${tokens.font}`;
  ctx.fillStyle = color;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, 0, 0);
  ctx.restore();
}

/** Write the units above the axes: of the metric at the left, "viewers" at the right when they are shown. */
export function drawUnits({ ctx, bbox }, [left, right], tokens) {
  const y = bbox.top - 34 * devicePixelRatio;
  ctx.save();
  ctx.font = `${11 * tokens.k * devicePixelRatio}px ${tokens.font}`;
  ctx.fillStyle = tokens.ink3;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText(left, 0, y);
  ctx.textAlign = "right";
  if (right) ctx.fillText(right, ctx.canvas.width, y);
  ctx.restore();
}

/** Draw the red edge at the newest point, while the page is live. */
export function drawEdge(plot, { columns, edgeMs }, tokens) {
  if (edgeMs === null) return;
  const { ctx, bbox } = plot;
  const x = plot.valToPos(edgeMs, "x", true);
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.setLineDash([]);
  ctx.strokeStyle = ctx.fillStyle = tokens.signal;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.font = `600 ${11 * tokens.k * devicePixelRatio}px ${tokens.font}`;
  ctx.textAlign = "center";
  ctx.fillText("now", x, bottom + 17 * devicePixelRatio);
  drawNewest(plot, columns[1].at(-1), x, tokens);
  ctx.restore();
}

function drawNewest(plot, value, x, tokens) {
  if (value == null) return;
  const { ctx } = plot;
  ctx.beginPath();
  ctx.arc(x, plot.valToPos(value, "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
  ctx.fillStyle = tokens.s1;
  ctx.strokeStyle = tokens.surface;
  ctx.fill();
  ctx.stroke();
}
