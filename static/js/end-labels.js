// @ts-check
// The names of lines at their right ends, beside the plot, where the names do not overlap.

const HEIGHT_PX = 14;
const GAP_PX = 6;
/** The width reserved for names, and the minimum width of a chart that has room for them. */
export const LABELS_PX = 116;
export const LABELED_FROM_PX = 720;

/**
 * @typedef {import("./chart-axes.js").Tokens} Tokens
 * @typedef {{ name: string, y: number, color: string }} End
 */

/**
 * Return the ends whose names fit below each other, from the top; the other lines are named only in the legend.
 * @template {{ y: number }} T
 * @param {T[]} ends
 * @param {number} height - the height of a name
 */
export function apart(ends, height) {
  /** @type {T[]} */
  const placed = [];
  for (const end of ends.toSorted((a, b) => a.y - b.y)) {
    const last = placed.at(-1);
    if (!last || end.y - last.y >= height) placed.push(end);
  }
  return placed;
}

/**
 * Write the names of the lines that reach the right end of the plot.
 * @param {uPlot} plot
 * @param {{ name: string, color: string }[]} lines - the name and color of each line; `lines[i]` is series `i + 1` of the plot
 * @param {Tokens} tokens
 */
export function drawEndLabels(plot, lines, tokens) {
  const { ctx, bbox } = plot;
  const right = bbox.left + bbox.width;
  const ends = lines.flatMap(({ name, color }, i) => {
    const at = lastOf(plot, i + 1);
    return at && right - at.x <= HEIGHT_PX * tokens.px ? [{ name, color, y: at.y }] : [];
  });
  ctx.save();
  ctx.font = `600 ${11 * tokens.k * tokens.px}px ${tokens.font}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "middle";
  const [px, room] = [tokens.px, (LABELS_PX - 3 * GAP_PX) * tokens.px];
  for (const { name, color, y } of apart(ends, HEIGHT_PX * tokens.k * px)) {
    ctx.fillStyle = color;
    ctx.fillRect(right + GAP_PX * px, y - 5 * px, 3 * px, 10 * px);
    ctx.fillStyle = tokens.ink;
    ctx.fillText(shortened(ctx, name, room), right + 2 * GAP_PX * px, y);
  }
  ctx.restore();
}

/**
 * Return the position of a series' last visible value, or null if it has none.
 * @param {uPlot} plot
 * @param {number} series
 */
function lastOf(plot, series) {
  const [times] = plot.data;
  const values = plot.data[series];
  const untilMs = plot.scales.x.max ?? Infinity;
  for (let i = times.length - 1; i >= 0; i -= 1) {
    const value = values[i];
    if (value != null && times[i] <= untilMs)
      return { x: plot.valToPos(times[i], "x", true), y: plot.valToPos(value, "y", true) };
  }
  return null;
}

/**
 * Return text that is at most this wide, with an ellipsis if it had to be shortened.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} text
 * @param {number} width
 */
function shortened(ctx, text, width) {
  if (ctx.measureText(text).width <= width) return text;
  const letters = [...text];
  const written = () => `${letters.join("")}…`;
  while (letters.length > 1 && ctx.measureText(written()).width > width) letters.pop();
  return written();
}
