// @ts-check
// The strips below a comparison: the coverage of each channel.

import { runsOf } from "./compare-lines.js";
import { $ } from "./dom.js";
import { drawTape } from "./tape.js";

const SVG = "http://www.w3.org/2000/svg";

/**
 * Draw a strip per line, at `left` and as wide as the plot above it.
 * @param {ComparedLine[]} lines
 * @param {import("./span.js").Span & { left: number, width: number }} place
 */
export function drawTapes(lines, place) {
  const rows = lines.map((line) => {
    const row = document.createElement("div");
    row.className = "tape-row";
    row.title = `Coverage of ${line.name}`;
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "tape");
    row.append(swatch(line.number), svg);
    drawTape(svg, runsOf(line), place);
    return row;
  });
  $("tapes-name").hidden = false;
  $("tapes").replaceChildren(...rows);
}

/**
 * Return the color and dash of a line.
 * @param {number} number - its position in the selection
 */
function swatch(number) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "swatch");
  svg.setAttribute("viewBox", "0 0 26 10");
  const line = document.createElementNS(SVG, "line");
  line.setAttribute("class", `n${number}`);
  for (const [name, value] of Object.entries({ x1: "0", x2: "26", y1: "5", y2: "5" }))
    line.setAttribute(name, value);
  svg.append(line);
  return svg;
}
