// @ts-check
// One row of a board, written over templates/dashboard/_row.html: every part of it has its place whatever it says.

import { PARTIAL_BELOW, age, figure } from "./figures.js";
import { sparkPath } from "./spark.js";
import { nameStar } from "./watch.js";

/** Write a row's figures and marks. */
export function writeRow(item, row, metric, newestEndMs) {
  item.firstElementChild.classList.toggle("is-stale", row.state === "stale");
  write(item, ".nm", row.name);
  write(item, ".cat", placeOf(row));
  write(item, ".vv", figure(metric, row.value, row.coverage));
  write(item, ".st", stateWords(row, newestEndMs));
  item.querySelector(".cov").hidden = row.coverage >= PARTIAL_BELOW;
  writeMove(item.querySelector(".mv"), row);
  const star = item.querySelector("[data-star]");
  if (star) nameStar(star, row);
  const line = item.querySelector(".spark path");
  const path = sparkPath(row.spark);
  if (line.getAttribute("d") !== path) line.setAttribute("d", path);
}

export function write(item, selector, text) {
  const element = item.querySelector(selector);
  if (element.textContent !== text) element.textContent = text;
}

/** The category and language of a row. */
export function placeOf({ category, language }) {
  return [category, language].filter(Boolean).join(" · ");
}

/** What is odd about a row; "" for one that is live. */
export function stateWords({ state, end_ms: endMs }, newestEndMs) {
  if (state === "stale") return `stale ${age(newestEndMs - endMs)}`;
  return state === "live" ? "" : state;
}

/** How far a row has risen or fallen within a minute: the sign, its words, and its class. */
export function moveWords({ moved, is_new: isNew }) {
  if (isNew) return ["new", "new within a minute", "is-new"];
  if (!moved) return moved === 0 ? ["–", "", ""] : ["", "", ""];
  const places = `${Math.abs(moved)} ${Math.abs(moved) === 1 ? "place" : "places"} within a minute`;
  return moved > 0
    ? [`▲ ${moved}`, `up ${places}`, "is-up"]
    : [`▼ ${-moved}`, `down ${places}`, "is-down"];
}

function writeMove(element, row) {
  const [sign, words, name] = moveWords(row);
  write(element, "[aria-hidden]", sign);
  write(element, ".vh", words);
  const className = `mv ${name}`.trim();
  if (element.className !== className) element.className = className;
}
