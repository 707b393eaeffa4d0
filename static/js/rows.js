// @ts-check
// One row of a board, written over templates/dashboard/_row.html: every part of it has its place whatever it says.

import { nameStar } from "./watch.js";

/** Write a row's texts and marks, as the frame has them. */
export function writeRow(item, { id, name, display }) {
  item.firstElementChild.classList.toggle("is-stale", display.is_stale);
  write(item, ".nm", name);
  write(item, ".cat", display.place);
  write(item, ".vv", display.value);
  write(item, ".st", display.state);
  item.querySelector(".cov").hidden = !display.is_partial;
  writeMove(item.querySelector(".mv"), display.move);
  const star = item.querySelector("[data-star]");
  if (star) nameStar(star, { id, name });
  const line = item.querySelector(".spark path");
  if (line.getAttribute("d") !== display.spark) line.setAttribute("d", display.spark);
}

export function write(item, selector, text) {
  const element = item.querySelector(selector);
  if (element.textContent !== text) element.textContent = text;
}

function writeMove(element, { sign, words, css }) {
  write(element, "[aria-hidden]", sign);
  write(element, ".vh", words);
  const className = `mv ${css}`.trim();
  if (element.className !== className) element.className = className;
}
