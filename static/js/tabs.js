// @ts-check
// The tabs of the boards, in two rows, and the ranges of the chart: links without the script, controls with it.

import { hrefOf, isPlainClick } from "./address.js";
import { all, closest } from "./dom.js";
import { markCurrent } from "./filters.js";

/**
 * Let clicks and keys choose a board.
 * @param {HTMLElement} list
 * @param {(board: string) => void} onChoose
 */
export function bindTabs(list, onChoose) {
  const tabs = tabsOf(list);
  rove(tabs);
  list.addEventListener("click", (event) => {
    const tab = closest(event, "[role=tab]", HTMLAnchorElement);
    if (!tab || !isPlainClick(event)) return;
    event.preventDefault();
    onChoose(boardOf(tab));
  });
  list.addEventListener("keydown", (event) => {
    const next = keyTarget(event, tabs);
    if (!next) return;
    event.preventDefault();
    next.focus();
    onChoose(boardOf(next));
  });
}

/**
 * Show which board is chosen.
 * @param {HTMLElement} list
 * @param {Choice} choice
 */
export function markTab(list, choice) {
  const tabs = tabsOf(list);
  for (const tab of tabs) {
    tab.href = hrefOf({ ...choice, board: boardOf(tab), metric: "" });
    tab.setAttribute("aria-selected", String(boardOf(tab) === choice.board));
  }
  rove(tabs);
}

/**
 * Show which range is chosen.
 * @param {HTMLElement} list
 * @param {Choice} choice
 */
export function markRange(list, choice) {
  for (const link of list.querySelectorAll("a")) {
    const { range = "" } = link.dataset;
    link.href = hrefOf({ ...choice, range, from: "", until: "" });
    markCurrent(link, range === choice.range && !choice.from);
  }
}

/**
 * Show the definition of a board; all of them lie in one place, which is as high as the highest.
 * @param {HTMLElement} list
 * @param {string} board
 */
export function markDefinition(list, board) {
  for (const definition of list.querySelectorAll("p"))
    definition.toggleAttribute("data-shown", boardOf(definition) === board);
}

/**
 * Let the links to the methodology inside `root` lead to a metric.
 * @param {ParentNode} root
 * @param {string} metric
 */
export function markMethod(root, metric) {
  for (const link of all(root, "a[data-method]"))
    if (link instanceof HTMLAnchorElement) link.hash = metric;
}

/** @param {HTMLElement} element */
const boardOf = (element) => element.dataset.board ?? "";

/** @param {HTMLElement} list */
function tabsOf(list) {
  return [.../** @type {NodeListOf<HTMLAnchorElement>} */ (list.querySelectorAll("[role=tab]"))];
}

/**
 * Return the tab that a key leads to, undefined for a key that is not ours.
 * @param {KeyboardEvent} event
 * @param {HTMLAnchorElement[]} tabs
 */
function keyTarget({ key, altKey, ctrlKey, metaKey, target }, tabs) {
  if (altKey || ctrlKey || metaKey) return undefined;
  const at = tabs.findIndex((tab) => tab === target);
  const places = new Map([
    ["ArrowRight", (at + 1) % tabs.length],
    ["ArrowLeft", at - 1],
    ["Home", 0],
    ["End", -1],
  ]);
  const place = places.get(key);
  return place === undefined ? undefined : tabs.at(place);
}

/**
 * Make the chosen tab the only stop of the Tab key.
 * @param {HTMLAnchorElement[]} tabs
 */
function rove(tabs) {
  tabs.forEach((tab) => (tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1));
}
