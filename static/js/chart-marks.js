// @ts-check
// Marks on a chart besides its lines: hatched gaps, shaded time, units, and the "now" edge.

import { duration } from "./figures.js";

/**
 * @typedef {import("./chart-axes.js").Tokens} Tokens
 * @typedef {uPlot} Plot
 * @typedef {Stretch & { label: string }} Shade
 */

const LABEL_ROOM_PX = 14;
const HATCH_PX = 6;

/**
 * Shade each span in which the chart has no line, and label it with the reason if there is room.
 * @param {Plot} plot
 * @param {{ shades: Shade[], fromMs: number, untilMs: number }} state
 * @param {Tokens} tokens
 */
export function drawShades(plot, { shades, fromMs, untilMs }, tokens) {
  const { ctx, bbox } = plot;
  for (const span of shades) {
    const left = plot.valToPos(Math.max(span.from_ms, fromMs), "x", true);
    const right = plot.valToPos(Math.min(span.until_ms, untilMs), "x", true);
    if (right <= left) continue;
    ctx.save();
    ctx.fillStyle = tokens.offAir;
    ctx.fillRect(left, bbox.top, right - left, bbox.height);
    ctx.restore();
    if (right - left > LABEL_ROOM_PX * tokens.px)
      writeUpwards(plot, (left + right) / 2, span.label, tokens.ink3, tokens);
  }
}

/**
 * Hatch each span that was not heard. Label it with its duration if there is room and no shaded area already labels it.
 * @param {Plot} plot
 * @param {{ bands: Stretch[], shades: Shade[], fromMs: number, untilMs: number }} state
 * @param {Tokens} tokens
 */
export function drawBands(plot, { bands, shades, fromMs, untilMs }, tokens) {
  for (const band of bands) {
    const left = plot.valToPos(Math.max(band.from_ms, fromMs), "x", true);
    const right = plot.valToPos(Math.min(band.until_ms, untilMs), "x", true);
    if (right <= left) continue;
    hatch(plot, left, right, tokens);
    const isNamed = shades.some(
      (shade) => band.from_ms >= shade.from_ms && band.from_ms < shade.until_ms,
    );
    if (!isNamed && right - left > LABEL_ROOM_PX * tokens.px)
      writeUpwards(
        plot,
        (left + right) / 2,
        duration(band.until_ms - band.from_ms),
        tokens.warn,
        tokens,
      );
  }
}

/**
 * @param {Plot} plot
 * @param {number} left
 * @param {number} right
 * @param {Tokens} tokens
 */
function hatch({ ctx, bbox }, left, right, tokens) {
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, bbox.top, right - left, bbox.height);
  ctx.clip();
  ctx.fillStyle = tokens.gap;
  ctx.fillRect(left, bbox.top, right - left, bbox.height);
  ctx.setLineDash([]);
  ctx.strokeStyle = tokens.gapLine;
  ctx.lineWidth = tokens.px;
  ctx.beginPath();
  for (let x = left - bbox.height; x < right; x += HATCH_PX * tokens.px * Math.SQRT2) {
    ctx.moveTo(x, bbox.top + bbox.height);
    ctx.lineTo(x + bbox.height, bbox.top);
  }
  ctx.stroke();
  ctx.restore();
}

/**
 * @param {Plot} plot
 * @param {number} center
 * @param {string} text
 * @param {string} color
 * @param {Tokens} tokens
 */
function writeUpwards({ ctx, bbox }, center, text, color, tokens) {
  ctx.save();
  ctx.translate(center, bbox.top + bbox.height - 8 * tokens.px);
  ctx.rotate(-Math.PI / 2);
  ctx.font = `${11 * tokens.k * tokens.px}px ${tokens.font}`;
  ctx.fillStyle = color;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  ctx.fillText(text, 0, 0);
  ctx.restore();
}

/**
 * Write the units above the axes: the metric's on the left, and "viewers" on the right if viewers are shown.
 * @param {Plot} plot
 * @param {[string, string | null]} units
 * @param {Pick<Tokens, "k" | "px" | "font" | "ink3">} tokens
 */
export function drawUnits({ ctx, bbox }, [left, right], tokens) {
  const y = bbox.top - 34 * tokens.px;
  ctx.save();
  ctx.font = `${11 * tokens.k * tokens.px}px ${tokens.font}`;
  ctx.fillStyle = tokens.ink3;
  ctx.textBaseline = "alphabetic";
  ctx.textAlign = "left";
  ctx.fillText(left, 0, y);
  ctx.textAlign = "right";
  if (right) ctx.fillText(right, ctx.canvas.width, y);
  ctx.restore();
}

/**
 * Draw the red edge at the newest point, while the page is live.
 * @param {Plot} plot
 * @param {{ columns: (number | null)[][], edgeMs: number | null }} state
 * @param {Tokens} tokens
 */
export function drawEdge(plot, { columns, edgeMs }, tokens) {
  if (edgeMs === null) return;
  const { ctx, bbox } = plot;
  const x = plot.valToPos(edgeMs, "x", true);
  const bottom = bbox.top + bbox.height;
  ctx.save();
  ctx.setLineDash([]);
  ctx.strokeStyle = ctx.fillStyle = tokens.signal;
  ctx.lineWidth = 1.5 * tokens.px;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bottom);
  ctx.stroke();
  ctx.font = `600 ${11 * tokens.k * tokens.px}px ${tokens.font}`;
  ctx.textAlign = "center";
  ctx.fillText("now", x, bottom + 17 * tokens.px);
  drawNewest(plot, columns[1].at(-1), x, tokens);
  ctx.restore();
}

/**
 * @param {Plot} plot
 * @param {number | null | undefined} value
 * @param {number} x
 * @param {Tokens} tokens
 */
function drawNewest(plot, value, x, tokens) {
  if (value == null) return;
  const { ctx } = plot;
  ctx.beginPath();
  ctx.arc(x, plot.valToPos(value, "y", true), 4 * tokens.px, 0, 2 * Math.PI);
  ctx.fillStyle = tokens.s1;
  ctx.strokeStyle = tokens.surface;
  ctx.fill();
  ctx.stroke();
}
