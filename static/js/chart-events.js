// @ts-check
// The event lane above a chart: an icon for each event, or a box with the number of events where several would overlap,
// and a line through the plot for each event.

import { constants } from "./constants.js";

/**
 * @typedef {{ x: number, marks: EventMark[] }} Group - `x` in px
 * @typedef {import("./chart-axes.js").Tokens} Tokens
 * @typedef {uPlot} Plot
 */

const BOX_PX = 18;
const ROOM_PX = 22;
const REACH_PX = 12;
const ABOVE_PLOT_PX = 8;

/**
 * Group marks that are closer together than the width of a box.
 * @param {EventMark[]} marks
 * @param {(ms: number) => number} xOf - returns the position of a time, in px
 */
export function grouped(marks, xOf) {
  /** @type {Group[]} */
  const groups = [];
  for (const mark of marks) {
    const x = xOf(mark.at_ms);
    const last = groups.at(-1);
    if (last && x - last.x < ROOM_PX) last.marks.push(mark);
    else groups.push({ x, marks: [mark] });
  }
  return groups;
}

/**
 * Return the group at `x`, or null if no group is near.
 * @param {Group[]} groups
 * @param {number} x
 */
export function groupAt(groups, x) {
  const near = groups.filter((group) => Math.abs(group.x - x) <= REACH_PX);
  return near.sort((a, b) => Math.abs(a.x - x) - Math.abs(b.x - x))[0] ?? null;
}

/**
 * Draw the groups above the plot, and for each mark a line through the plot. The group shown in the legend is filled.
 * @param {Plot} plot
 * @param {Group[]} groups
 * @param {string | null} read - the id of the first mark shown in the legend
 * @param {Tokens} tokens
 */
export function drawEvents(plot, groups, read, tokens) {
  const { ctx, bbox } = plot;
  const scale = tokens.px;
  ctx.save();
  for (const group of groups) {
    for (const mark of group.marks) drawLine(plot, mark, tokens);
    ctx.save();
    ctx.translate(bbox.left + group.x * scale, bbox.top - (ABOVE_PLOT_PX + BOX_PX) * scale);
    ctx.scale(scale, scale);
    drawBox(ctx, group, group.marks[0].id === read, tokens);
    ctx.restore();
  }
  ctx.restore();
}

/**
 * @param {Plot} plot
 * @param {EventMark} mark
 * @param {Tokens} tokens
 */
function drawLine({ ctx, bbox, valToPos }, mark, tokens) {
  const x = valToPos(mark.at_ms, "x", true);
  ctx.setLineDash([tokens.px, 3 * tokens.px]);
  ctx.strokeStyle = tokens.lineControl;
  ctx.lineWidth = tokens.px;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top - ABOVE_PLOT_PX * tokens.px);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {Group} group
 * @param {boolean} isRead
 * @param {Tokens} tokens
 */
function drawBox(ctx, { marks }, isRead, tokens) {
  // The icons of the user's notes are filled.
  const isFilled = isRead || marks.every(({ kind }) => kind === "note");
  ctx.setLineDash([]);
  ctx.lineWidth = 1;
  ctx.fillStyle = isFilled ? tokens.inverse : tokens.surface;
  ctx.strokeStyle = isRead ? tokens.focus : isFilled ? tokens.inverse : tokens.lineControl;
  ctx.beginPath();
  ctx.roundRect(-BOX_PX / 2, 0, BOX_PX, BOX_PX, 4);
  ctx.fill();
  ctx.stroke();
  const ink = isFilled ? tokens.onInverse : tokens.ink;
  if (marks.length > 1) drawCount(ctx, marks.length, ink, tokens);
  else drawShape(ctx, constants.shapes[marks[0].kind] ?? constants.shapes.summed, ink);
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} path
 * @param {string} ink
 */
function drawShape(ctx, path, ink) {
  ctx.translate(-6, 3);
  ctx.strokeStyle = ink;
  ctx.lineWidth = 1.5;
  ctx.lineCap = ctx.lineJoin = "round";
  ctx.stroke(new Path2D(path));
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {number} count
 * @param {string} ink
 * @param {Tokens} tokens
 */
function drawCount(ctx, count, ink, tokens) {
  ctx.fillStyle = ink;
  ctx.font = `600 11px ${tokens.font}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.fillText(count > 99 ? "99+" : String(count), 0, BOX_PX / 2 + 0.5);
}
