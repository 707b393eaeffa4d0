// @ts-check
// Charts as PNG files: the plots at two device pixels per CSS px, with title, range, legend and source.

import { constants } from "./constants.js";
import { stamp, ZONE_NAME } from "./times.js";

/** The number of device pixels per CSS px, on every screen. */
export const PICTURE_SCALE = 2;
const WIDTH_PX = 1200;
const HEIGHT_PX = 420;
const [PAD_PX, ROW_PX, SWATCH_PX, GAP_PX] = [24, 22, 30, 8];
const INSIDE_PX = WIDTH_PX - 2 * PAD_PX;
// The title, with the range below it.
const HEAD_PX = PAD_PX + 52;
const FAINT = { weight: 430, color: "--ink-2" };

/**
 * @typedef {{ label: string, color: string, dash: number[], width: number }} LegendItem
 *
 * @typedef {object} Picture
 * @property {string} title
 * @property {import("./span.js").Span | null} span - null if times are relative to the start of each stream; `subtitle` then describes the range
 * @property {string} subtitle
 * @property {LegendItem[]} legend
 * @property {{ title: string, canvas: HTMLCanvasElement }[]} plots - drawn by `drawApart`, one below the other
 * @property {string} note
 * @property {string} name - the file name
 */

/**
 * Draw a chart outside the page and return its canvas.
 * @param {(host: HTMLElement) => { plot: uPlot | null }} build
 * @param {number} [heightPx]
 * @returns {Promise<HTMLCanvasElement>}
 */
export async function drawApart(build, heightPx = HEIGHT_PX) {
  const host = document.createElement("div");
  host.className = "apart";
  const zoom = PICTURE_SCALE / devicePixelRatio;
  host.style.width = `${INSIDE_PX * zoom}px`;
  host.style.height = `${heightPx * zoom}px`;
  document.body.append(host);
  const { plot } = build(host);
  if (!plot) throw new Error("there is no chart to save");
  // uPlot draws in a microtask.
  await new Promise((done) => requestAnimationFrame(done));
  const { canvas } = plot.ctx;
  plot.destroy();
  host.remove();
  return canvas;
}

/**
 * Save a picture as PNG.
 * @param {Picture} picture
 */
export async function savePicture(picture) {
  /** @type {Blob | null} */
  const blob = await new Promise((done) => drawn(picture).toBlob(done, "image/png"));
  if (blob) saveBlob(blob, `${picture.name}.png`);
}

/**
 * Download a file.
 * @param {Blob} blob
 * @param {string} name
 */
export function saveBlob(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Return the line that names the source of the data.
 * @param {number} nowMs
 */
function sourceLine(nowMs) {
  const { name, is_simulated: isSimulated } = constants.source;
  const kind = isSimulated ? "Simulated data. " : "";
  return `${kind}Source: ${name}, measured by Twitchly. Saved ${stamp(nowMs)} ${ZONE_NAME}.`;
}

/**
 * Arrange items of these widths in rows; return the position of each.
 * @param {number[]} widths
 * @param {number} most - the maximum width of a row
 * @param {number} gap
 */
export function inRows(widths, most, gap) {
  let [x, row] = [0, 0];
  return widths.map((width) => {
    if (x > 0 && x + width > most) [x, row] = [0, row + 1];
    const at = { x, row };
    x += width + gap;
    return at;
  });
}

/**
 * Return the positions of a picture's parts, in px: the legend items, the tops of the plots and the end of the
 * last plot.
 * @param {Picture} picture
 * @param {number[]} widths - the widths of the legend items
 */
function layOut({ plots }, widths) {
  const items = inRows(widths, INSIDE_PX, 3 * GAP_PX);
  let end = HEAD_PX + ((items.at(-1)?.row ?? -1) + 1) * ROW_PX + GAP_PX;
  const tops = plots.map(({ title, canvas }) => {
    const top = end + (title ? ROW_PX : 0);
    end = top + canvas.height / PICTURE_SCALE + GAP_PX;
    return top;
  });
  return { items, tops, end };
}

/**
 * Draw a picture; lengths are in px, which the canvas scales.
 * @param {Picture} picture
 */
function drawn(picture) {
  const pen = new Pen();
  const widths = picture.legend.map(({ label }) => SWATCH_PX + GAP_PX + pen.widthOf(label));
  const { items, tops, end } = layOut(picture, widths);
  pen.begin(end + 2 * ROW_PX + PAD_PX);
  drawHead(pen, picture);
  picture.legend.forEach((item, i) => {
    const [x, y] = [PAD_PX + items[i].x, HEAD_PX + items[i].row * ROW_PX + 14];
    pen.stroke(item, x, y - 4);
    pen.write(item.label, x + SWATCH_PX + GAP_PX, y);
  });
  picture.plots.forEach(({ title, canvas }, i) => {
    pen.write(title, PAD_PX, tops[i] - GAP_PX, { weight: 600 });
    pen.draw(canvas, PAD_PX, tops[i]);
  });
  pen.write(picture.note, PAD_PX, end + ROW_PX - 6, FAINT);
  pen.write(sourceLine(Date.now()), PAD_PX, end + 2 * ROW_PX - 6, FAINT);
  return pen.canvas;
}

/**
 * Draw the title with the range below it and, for simulated data, a "Simulated" tag on the right.
 * @param {Pen} pen
 * @param {Picture} picture
 */
function drawHead(pen, { title, span, subtitle }) {
  const tag = constants.source.is_simulated ? "Simulated" : "";
  const room = INSIDE_PX - (tag ? pen.widthOf(tag) + 3 * GAP_PX : 0);
  pen.write(title, PAD_PX, PAD_PX + 16, { size: 18, weight: 620, most: room });
  pen.write(tag, WIDTH_PX - PAD_PX - pen.widthOf(tag), PAD_PX + 16, { color: "--warn" });
  const range = span ? `${stamp(span.fromMs)} to ${stamp(span.untilMs)} ${ZONE_NAME}` : "";
  pen.write([range, subtitle].filter(Boolean).join(". "), PAD_PX, PAD_PX + 38, FAINT);
}

/** Draws text and shapes on a canvas in the page's colors. */
class Pen {
  canvas = document.createElement("canvas");
  ctx = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
  style = getComputedStyle(document.documentElement);

  /** @param {string} key */
  token(key) {
    return this.style.getPropertyValue(key).trim();
  }

  /**
   * Fill a canvas of this height.
   * @param {number} height
   */
  begin(height) {
    this.canvas.width = WIDTH_PX * PICTURE_SCALE;
    this.canvas.height = height * PICTURE_SCALE;
    this.ctx.scale(PICTURE_SCALE, PICTURE_SCALE);
    this.ctx.fillStyle = this.token("--surface");
    this.ctx.fillRect(0, 0, WIDTH_PX, height);
  }

  /**
   * Return the width of a legend label.
   * @param {string} text
   */
  widthOf(text) {
    this.ctx.font = this.font(13, 500);
    return this.ctx.measureText(text).width;
  }

  /**
   * @param {number} size
   * @param {number} weight
   */
  font(size, weight) {
    return `${weight} ${size}px ${this.token("--font-sans")}`;
  }

  /**
   * Write text; `y` is the position of its baseline, and `most` its maximum width.
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {{ size?: number, weight?: number, color?: string, most?: number }} [options]
   */
  write(text, x, y, { size = 13, weight = 500, color = "--ink", most = INSIDE_PX } = {}) {
    this.ctx.font = this.font(size, weight);
    this.ctx.fillStyle = this.token(color);
    this.ctx.fillText(text, x, y, most);
  }

  /**
   * Draw the swatch of a legend item.
   * @param {LegendItem} item
   * @param {number} x
   * @param {number} y
   */
  stroke({ color, dash, width }, x, y) {
    this.ctx.strokeStyle = color;
    this.ctx.lineWidth = width;
    this.ctx.setLineDash(dash);
    this.ctx.beginPath();
    this.ctx.moveTo(x, y);
    this.ctx.lineTo(x + SWATCH_PX, y);
    this.ctx.stroke();
  }

  /**
   * @param {HTMLCanvasElement} plot - at PICTURE_SCALE
   * @param {number} x
   * @param {number} y
   */
  draw(plot, x, y) {
    this.ctx.drawImage(plot, x, y, plot.width / PICTURE_SCALE, plot.height / PICTURE_SCALE);
  }
}
