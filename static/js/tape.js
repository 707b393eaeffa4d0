// The coverage tape under a chart: when we listened wholly, partly, and not at all.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT_PX = 8;

/** Draw runs of coverage over [fromMs, untilMs] into `svg`, `left` and `width` px as the plot above it. */
export function drawTape(svg, runs, { fromMs, untilMs, left, width }) {
  const xOf = (ms) =>
    ((Math.min(Math.max(ms, fromMs), untilMs) - fromMs) / (untilMs - fromMs)) * width;
  svg.style.left = `${left}px`;
  svg.setAttribute("width", width);
  svg.setAttribute("height", HEIGHT_PX);
  svg.replaceChildren(...runs.map((run) => rect(run.kind, xOf(run.from), xOf(run.until))));
}

/** Say in words what the tape shows. */
export function describeTape(coverageText, gapCount) {
  return `Coverage ${coverageText}%, ${gapCount} ${gapCount === 1 ? "gap" : "gaps"}`;
}

function rect(kind, from, until) {
  const inset = kind === "off" ? 0.5 : 0;
  const element = document.createElementNS(SVG, "rect");
  element.setAttribute("class", kind);
  element.setAttribute("x", from + inset);
  element.setAttribute("y", inset);
  element.setAttribute("width", Math.max(1, until - from - 2 * inset));
  element.setAttribute("height", HEIGHT_PX - 2 * inset);
  return element;
}
