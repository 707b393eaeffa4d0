// @ts-check
// The list of what happened, as elements: a shape, the time and what is written, by templates/dashboard/_line.html.

import { timeElement } from "./times.js";

const SVG = "http://www.w3.org/2000/svg";

const shown = new WeakMap();

/** Fill a list anew, only when it has changed: a time that is pointed at must not vanish each second. */
export function renew(list, things, itemOf) {
  const key = JSON.stringify(things);
  if (shown.get(list) === key) return;
  shown.set(list, key);
  list.replaceChildren(...things.map(itemOf));
}

/** One line of the list; `shapes` gives a path in a square of 12 per kind. */
export function lineItem({ at_ms, until_ms, kind, label }, shapes) {
  const item = document.createElement("li");
  item.append(
    shape(shapes[kind] ?? shapes.summed, kind === "note" ? "filled" : ""),
    timeElement(at_ms),
    text("grow", label),
  );
  item.append(text("muted", until_ms ? `in ${(until_ms - at_ms) / 60_000} min` : ""));
  return item;
}

/** Marks in a cell of the table: each with its time. */
export function markTexts(marks) {
  return marks.flatMap(({ at_ms, label }, i) => [i ? " · " : "", timeElement(at_ms), ` ${label}`]);
}

/** A sign in a square of 12; `kind` is a further class. */
export function shape(path, kind = "") {
  const [icon, line] = [
    document.createElementNS(SVG, "svg"),
    document.createElementNS(SVG, "path"),
  ];
  icon.setAttribute("class", `ic ic-s ${kind}`.trim());
  icon.setAttribute("viewBox", "0 0 12 12");
  icon.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  icon.append(line);
  return icon;
}

function text(className, content) {
  const element = document.createElement("span");
  element.className = className;
  element.textContent = content;
  return element;
}
