// What an account asked the API for: bars by the hour or the day, with the day's limit.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { timeTicks, writeTimes } from "./chart-marks.js";
import { number, short } from "./figures.js";
import { onTheme } from "./theme.js";

const LEFT_PX = 48;
const FAR = 5;
const STEP_MS = { hour: 3_600_000, day: 86_400_000 };

const host = document.getElementById("plot");
if (host) draw(JSON.parse(document.getElementById("usage").textContent));

function draw({ by, limit: allowed, points }) {
  let tokens = readTokens();
  const most = Math.max(...points[1], 1);
  // A limit that is far away would leave no room for the bars.
  const limit = allowed && most > allowed / FAR ? allowed : null;
  if (limit) document.getElementById("limit").hidden = false;
  const half = STEP_MS[by] / 2;
  const columns = [points[0].map((at) => at + half), points[1], points[2]];
  const size = () => ({ width: Math.max(260, host.clientWidth), height: host.clientHeight });
  const ticks = { stroke: () => tokens.lineStrong, width: 1, size: 4 };
  const axis = { stroke: () => tokens.ink3, font: `11px ${tokens.font}`, gap: 6, ticks };
  const bars = uPlot.paths.bars({ size: [0.7, 28] });
  const bar = (label, colour) => ({
    label,
    fill: colour,
    stroke: colour,
    width: 0,
    paths: bars,
    points: { show: false },
  });
  const top = Math.max(most, limit ?? 0) * 1.08;
  const plot = new uPlot(
    {
      ms: 1,
      ...size(),
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { range: [points[0][0], points[0].at(-1) + 2 * half] }, y: { range: [0, top] } },
      axes: [
        {
          ...axis,
          size: 24,
          grid: { show: false },
          splits: (it, _axis, min, max) => timeTicks(min, max, it.width),
          values: writeTimes,
        },
        {
          ...axis,
          size: LEFT_PX,
          space: 44,
          grid: { stroke: () => tokens.grid, width: 1 },
          values: (_plot, splits) => splits.map(short),
          ticks: { show: false },
        },
      ],
      series: [{}, bar("requests", () => tokens.requests), bar("errors", () => tokens.errors)],
      hooks: {
        draw: [(it) => limit && drawLimit(it, limit, tokens)],
        setCursor: [(it) => readOut(it, by, points)],
      },
    },
    columns,
    host,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(host);
  onTheme(() => {
    tokens = readTokens();
    plot.redraw(false, true);
  });
}

function drawLimit({ ctx, bbox, valToPos }, limit, tokens) {
  const y = valToPos(limit, "y", true);
  ctx.save();
  ctx.strokeStyle = tokens.limit;
  ctx.lineWidth = 1.5 * devicePixelRatio;
  ctx.setLineDash([5, 4].map((px) => px * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Write the bar under the crosshair beside the colours, or only what these mean. */
function readOut({ cursor: { idx, left } }, by, [times, requests, failed]) {
  const [ofRequests, ofFailed] = document.querySelectorAll("#readout > span");
  const at = idx == null || left < 0 ? null : idx;
  ofRequests.lastChild.textContent =
    at == null ? "requests" : `${number(requests[at], 0)} requests`;
  ofFailed.lastChild.textContent =
    at == null
      ? "errors and rate-limited"
      : `${number(failed[at], 0)} errors and rate-limited, ${written(times[at], by)}`;
}

function written(at, by) {
  const iso = new Date(at).toISOString();
  return by === "day" ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`;
}

function readTokens() {
  const style = getComputedStyle(document.documentElement);
  const token = (name) => style.getPropertyValue(name).trim();
  return {
    requests: token("--s1"),
    errors: token("--bad"),
    limit: token("--warn"),
    grid: token("--grid"),
    ink3: token("--ink-3"),
    lineStrong: token("--line-strong"),
    font: token("--font-sans"),
  };
}
