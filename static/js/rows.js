// @ts-check
// Updates one row of a board (templates/dashboard/_row.html). The layout does not depend on the values.

import { inside, insideOf, write } from "./dom.js";
import { nameStar } from "./watch.js";

/**
 * Write the text and marks of a row from a frame.
 * @param {HTMLElement} item
 * @param {Row} row
 */
export function writeRow(item, { id, name, display }) {
  inside(item, "a").classList.toggle("is-stale", display.is_stale);
  write(inside(item, ".channel-name"), name);
  write(inside(item, ".cat"), display.details);
  write(inside(item, ".row-value"), display.value);
  write(inside(item, ".row-state"), display.state);
  inside(item, ".cov").hidden = !display.is_partial;
  writeMove(inside(item, ".rank-change"), display.move);
  const star = item.querySelector("[data-star]");
  if (star instanceof HTMLButtonElement) nameStar(star, { id, name });
  const line = insideOf(item, ".spark path", SVGPathElement);
  if (line.getAttribute("d") !== display.spark) line.setAttribute("d", display.spark);
}

/**
 * @param {HTMLElement} element
 * @param {Move} move
 */
function writeMove(element, { sign, words, css }) {
  write(inside(element, "[aria-hidden]"), sign);
  write(inside(element, ".vh"), words);
  const className = `rank-change ${css}`.trim();
  if (element.className !== className) element.className = className;
}
