// @ts-check
// The coverage tape under a chart: shows when the channel was heard fully, partly, or not at all.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT_PX = 8;

/** @typedef {{ kind: "on" | "part" | "off", from: number, until: number }} Run */

/**
 * Draw runs of coverage over [fromMs, untilMs] into `svg`, aligned with the plot at `left` and `width` px.
 * @param {SVGSVGElement} svg
 * @param {Run[]} runs
 * @param {{ fromMs: number, untilMs: number, left: number, width: number }} place
 */
export function drawTape(svg, runs, { fromMs, untilMs, left, width }) {
  /** @param {number} ms */
  const xOf = (ms) =>
    ((Math.min(Math.max(ms, fromMs), untilMs) - fromMs) / (untilMs - fromMs)) * width;
  svg.style.left = `${left}px`;
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(HEIGHT_PX));
  svg.replaceChildren(...runs.map((run) => rect(run.kind, xOf(run.from), xOf(run.until))));
}

/**
 * Return a text description of the tape.
 * @param {string} coverageText
 * @param {number} gapCount
 */
export function describeTape(coverageText, gapCount) {
  return `Coverage ${coverageText}%, ${gapCount} ${gapCount === 1 ? "gap" : "gaps"}`;
}

/**
 * @param {string} kind
 * @param {number} from
 * @param {number} until
 */
function rect(kind, from, until) {
  const inset = kind === "off" ? 0.5 : 0;
  const element = document.createElementNS(SVG, "rect");
  element.setAttribute("class", kind);
  element.setAttribute("x", String(from + inset));
  element.setAttribute("y", String(inset));
  element.setAttribute("width", String(Math.max(1, until - from - 2 * inset)));
  element.setAttribute("height", String(HEIGHT_PX - 2 * inset));
  return element;
}
