// @ts-check
// The elements of the event list: icon, time and text, as in templates/dashboard/_line.html.

import { constants } from "./constants.js";
import { timeElement } from "./times.js";

const SVG = "http://www.w3.org/2000/svg";

/** @type {WeakMap<HTMLElement, string>} */
const shown = new WeakMap();

/**
 * Rebuild a list only if it has changed; otherwise, the tooltips on times would disappear every second.
 * @template T
 * @param {HTMLElement} list
 * @param {T[]} things
 * @param {(thing: T) => HTMLElement} itemOf
 */
export function renew(list, things, itemOf) {
  const key = JSON.stringify(things);
  if (shown.get(list) === key) return;
  shown.set(list, key);
  list.replaceChildren(...things.map(itemOf));
}

/**
 * Return a line of the list.
 * @param {import("./timeline.js").Line} line
 */
export function lineItem({ at_ms, until_ms, kind, label, group, effect }) {
  const { shapes } = constants;
  const item = document.createElement("li");
  item.dataset.group = group;
  item.append(
    shape(shapes[kind] ?? shapes.summed, kind === "note" ? "filled" : ""),
    timeElement(at_ms),
    text("grow", label),
  );
  item.append(text("muted", until_ms ? `in ${(until_ms - at_ms) / 60_000} min` : effect));
  return item;
}

/**
 * Return the text of a table cell: marks with their times.
 * @param {EventMark[]} marks
 */
export function markTexts(marks) {
  return marks.flatMap(({ at_ms, label }, i) => [i ? " · " : "", timeElement(at_ms), ` ${label}`]);
}

/**
 * Return a 12 × 12 icon.
 * @param {string} path
 * @param {string} [kind] - an additional class
 */
export function shape(path, kind = "") {
  const icon = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  icon.setAttribute("class", `ic ic-s ${kind}`.trim());
  icon.setAttribute("viewBox", "0 0 12 12");
  icon.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  icon.append(line);
  return icon;
}

/**
 * @param {string} className
 * @param {string} content
 */
function text(className, content) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = content;
  return element;
}
