// @ts-check
// API usage of an account: bars per hour or day, with the daily limit.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { readTokens, sizeOf, timeAxisOf, valueAxisOf } from "./chart-axes.js";
import { scaleOf } from "./chart-scales.js";
import { $, all, dataOf } from "./dom.js";
import { number } from "./figures.js";
import { onTheme } from "./theme.js";
import { DAY_MS, HOUR_MS } from "./times.js";

const LEFT_PX = 48;
const FAR = 5;
const STEP_MS = { hour: HOUR_MS, day: DAY_MS };

/** @typedef {import("./chart-axes.js").Tokens} Tokens */

const host = document.getElementById("plot");
if (host) draw(host, dataOf("usage"));

/**
 * @param {HTMLElement} host
 * @param {UsageData} usage
 */
function draw(host, { by, limit: allowed, points }) {
  let tokens = readTokens();
  const [times, requests, errors] = points;
  const most = Math.max(...requests, 1);
  // Drawing a limit far above the bars would make the bars too small to see.
  const limit = allowed && most > allowed / FAR ? allowed : null;
  if (limit) $("limit").hidden = false;
  const half = STEP_MS[by] / 2;
  const [first, last] = [times[0], times[times.length - 1]];
  const scale = scaleOf([requests, [most, limit]], 0);
  const plot = new uPlot(
    {
      ms: 1,
      ...sizeOf(host),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: [first, last + 2 * half] }, y: { range: [scale.min, scale.max] } },
      axes: [
        timeAxisOf(() => tokens),
        valueAxisOf(
          () => tokens,
          LEFT_PX,
          () => scale,
        ),
      ],
      series: [{}, bar("requests", () => tokens.s1), bar("errors", () => tokens.bad)],
      hooks: {
        draw: [(it) => limit && drawLimit(it, limit, tokens)],
        setCursor: [readOutOf(by, points)],
      },
    },
    [times.map((at) => at + half), requests, errors],
    host,
  );
  new ResizeObserver(() => plot.setSize(sizeOf(host))).observe(host);
  onTheme(() => {
    tokens = readTokens();
    plot.redraw(false, true);
  });
}

/**
 * @param {string} label
 * @param {() => string} color
 * @returns {uPlot.Series}
 */
function bar(label, color) {
  const paths = uPlot.paths.bars?.({ size: [0.7, 28] });
  return { label, fill: color, stroke: color, width: 0, paths, points: { show: false } };
}

/**
 * @param {uPlot} plot
 * @param {number} limit
 * @param {Tokens} tokens
 */
function drawLimit({ ctx, bbox, valToPos }, limit, tokens) {
  const y = valToPos(limit, "y", true);
  ctx.save();
  ctx.strokeStyle = tokens.warn;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([5, 4].map((px) => px * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/**
 * Return a function that writes the values under the crosshair into the legend; without a crosshair, it writes only the
 * labels.
 * @param {UsageData["by"]} by
 * @param {UsageData["points"]} points
 * @returns {(plot: uPlot) => void}
 */
function readOutOf(by, [times, requests, errors]) {
  const labels = all($("readout"), "span").slice(0, 2).map(labelOf);
  return ({ cursor: { idx, left = -1 } }) => {
    const at = idx == null || left < 0 ? null : idx;
    labels.forEach(({ node, text }, i) => {
      if (at === null) node.data = text;
      else node.data = `${number([requests, errors][i][at], 0)} ${text}`;
    });
    if (at !== null) labels[1].node.data += `, ${written(times[at], by)}`;
  };
}

/**
 * Return the label of a color in the legend.
 * @param {HTMLElement} element
 */
function labelOf(element) {
  const node = /** @type {Text} */ (element.lastChild);
  return { node, text: node.data };
}

/**
 * @param {number} at
 * @param {UsageData["by"]} by
 */
function written(at, by) {
  const iso = new Date(at).toISOString();
  return by === "day" ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}
