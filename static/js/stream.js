// @ts-check
// The page of an ended stream: the readout of its chart follows the pointer and the arrow keys.

import { useConstants } from "./constants.js";
import { $, all, dataOf, inside, write } from "./dom.js";
import { EventFilter } from "./event-filter.js";
import { figure } from "./figures.js";
import { pointTarget } from "./point-target.js";
import { hm, zoneAt } from "./times.js";

/** @type {{ constants: Constants, name: string, chart: StreamColumns }} */
const start = dataOf("start");
useConstants(start.constants);
const { chart } = start;
const frame = $("stream-chart");
const when = inside(frame, "[data-when]");
const cursors = all(frame, ".cursor");
const values = all(frame, "[data-value]");
const newest = chart.end_ms.length - 1;
/** @type {number | null} */
let at = null;

/**
 * Return the position of a point in percent of the width.
 * @param {number} index
 */
const shareOf = (index) =>
  (100 * (chart.end_ms[index] - chart.from_ms)) / (chart.until_ms - chart.from_ms);

/**
 * Move the readout to a point; null removes it.
 * @param {number | null} index
 */
function read(index) {
  at = index;
  for (const cursor of cursors) {
    cursor.setAttribute("visibility", index === null ? "hidden" : "visible");
    if (index !== null) {
      cursor.setAttribute("x1", `${shareOf(index)}%`);
      cursor.setAttribute("x2", `${shareOf(index)}%`);
    }
  }
  const endMs = index === null ? null : chart.end_ms[index];
  write(when, endMs === null ? "" : `${hm(endMs)} ${zoneAt(endMs)}`);
  for (const element of values) {
    const metric = element.dataset.value ?? "";
    const text =
      index === null ? "" : figure(metric, chart.values[metric][index], chart.coverage[index]);
    write(element, text);
  }
}

/**
 * Return the point nearest to a horizontal position on the screen.
 * @param {number} x
 */
function pointAt(x) {
  const box = cursors[0].parentElement?.getBoundingClientRect() ?? new DOMRect();
  const atMs = chart.from_ms + ((x - box.left) / box.width) * (chart.until_ms - chart.from_ms);
  let nearest = 0;
  chart.end_ms.forEach((endMs, index) => {
    if (Math.abs(endMs - atMs) < Math.abs(chart.end_ms[nearest] - atMs)) nearest = index;
  });
  return nearest;
}

const picture = $("picture");
picture.hidden = false;
picture.addEventListener("click", async () => {
  // The page's own chart needs no library, so it is loaded only for an export.
  const { saveStream } = await import("./stream-picture.js");
  await saveStream(start.name, chart);
});

for (const plot of all(frame, ".plot")) {
  plot.addEventListener("pointermove", (event) => read(pointAt(event.clientX)));
  plot.addEventListener("pointerleave", () => read(null));
}
frame.addEventListener("keydown", (event) => {
  if (event.key === "Escape") read(null);
  const target = pointTarget(event, newest + 1, at ?? newest);
  if (event.target !== frame || target === undefined) return;
  event.preventDefault();
  read(target);
});

if (document.getElementById("event-filter")) {
  const filter = new EventFilter($("event-filter"), () => {
    const lines = all($("lines"), "li");
    for (const line of lines) line.hidden = !filter.includes(line.dataset.group);
    $("no-such-lines").hidden = lines.some((line) => !line.hidden);
  });
}
