// The page that compares channels: its lines anew each minute, the figures of now as they come.

import { CompareChart, columnsOf } from "./compare-chart.js";
import { constants, useConstants } from "./constants.js";
import { duration, figure, number } from "./figures.js";
import { metricOf } from "./metrics.js";
import { reach } from "./reach.js";
import { kindOf } from "./series.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { drawTape } from "./tape.js";
import { when, ZONE } from "./times.js";

const AGAIN_MS = 60_000;

const $ = (id) => document.getElementById(id);
const start = JSON.parse($("start").textContent);
useConstants(start.constants);
const { metric, align, scale } = start.choice;
let { lines } = start;
let nowMs = start.now_ms;

const chart =
  $("chart") &&
  new CompareChart($("chart"), {
    unit: scale === "index" ? "own average = 100" : metricOf(metric).unit,
    isStreamTime: align === "stream",
    names: lines.map(({ name }) => name),
    onReadout: readOut,
    onLayout: drawTapes,
  });

function draw() {
  chart.draw(
    columnsOf(lines, { isStreamTime: align === "stream", isIndex: scale === "index" }),
    span(),
  );
  const isEmpty = lines.every((line) => line.end_ms.length === 0);
  $("message").textContent = isEmpty ? "No data for these channels in this range." : "";
}

function span() {
  if (align === "stream") return { fromMs: 0, untilMs: start.span_ms };
  const untilMs = start.choice.until ? Date.parse(start.choice.until) : nowMs;
  return { fromMs: untilMs - start.span_ms, untilMs };
}

/** Write the legend: each line's value under the crosshair, else its average over the range. */
function readOut(atMs, values) {
  const told =
    atMs === null
      ? "Average"
      : align === "stream"
        ? `${duration(atMs)} into the stream`
        : `${when(atMs)} ${ZONE}`;
  $("when").textContent = told;
  lines.forEach((line, i) => {
    const element = $("legend").querySelector(`[data-line="${line.number}"] [data-value]`);
    element.textContent =
      atMs === null ? (line.summary?.average ?? constants.absent) : valueText(values[i]);
  });
}

function valueText(value) {
  if (value == null) return constants.absent;
  return scale === "index" ? number(value, 0) : figure(metric, value);
}

/** Write the table's cells that belong to the range, from the same summaries as the legend. */
function writeTable() {
  for (const { id, summary } of lines) {
    const row = document.querySelector(`tr[data-id="${CSS.escape(id)}"]`);
    for (const name of summary ? ["peak", "average", "viewers", "engagement"] : []) {
      row.querySelector(`[data-${name}]`).textContent = summary[name];
    }
    const coverage = row.querySelector("[data-coverage]");
    if (summary && coverage) {
      coverage.textContent = `${summary.coverage}%`;
      coverage.title = summary.heard;
    }
  }
}

function drawTapes(left, width) {
  const rows = lines.map((line) => {
    const row = document.createElement("div");
    row.className = "tape-row";
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "tape");
    row.append(svg);
    drawTape(svg, runs(line), { ...span(), left, width });
    return row;
  });
  $("tapes").replaceChildren(...rows);
}

/** Runs of equal coverage of one line. */
function runs({ end_ms: ends, coverage, step_ms: stepMs, zero_ms: zeroMs }) {
  const found = [];
  ends.forEach((endMs, i) => {
    const kind = kindOf(coverage[i]);
    const [from, until] = [endMs - stepMs - zeroMs, endMs - zeroMs];
    const last = found.at(-1);
    if (last?.kind === kind && from - last.until <= stepMs) last.until = until;
    else found.push({ kind, from, until });
  });
  return found;
}

async function ask() {
  if (document.hidden) return;
  const answer = await fetch(start.source ?? `/compare/lines${location.search}`).catch(() => {
    reach.look();
    return null;
  });
  if (answer?.status === 401) location.reload();
  if (!answer?.ok) return;
  const told = await answer.json();
  lines = told.lines;
  nowMs = told.now_ms;
  draw();
  readOut(null, []);
  writeTable();
}

function showNow({ channels }) {
  for (const [id, channel] of Object.entries(channels)) {
    const cell = document.querySelector(`tr[data-id="${CSS.escape(id)}"] [data-now]`);
    const text = channel.display.values[metric] ?? constants.absent;
    if (cell && cell.textContent !== text) cell.textContent = text;
  }
}

/** Those to whom the page was shared see the lines move, each minute; the live figures are for accounts. */
function follow() {
  const socket = new LiveSocket(liveUrl(), {
    onError: () => {},
    onSignedOut: () => location.reload(),
    onReturn: ask,
  });
  socket.subscribe("now", { kind: "channels", channels: lines.map(({ id }) => id) }, showNow);
}

$("metric")?.addEventListener("change", (event) => event.target.form.requestSubmit());
if (chart) {
  draw();
  readOut(null, []);
  if (!start.source) follow();
  if (!start.choice.until) setInterval(ask, AGAIN_MS);
}
