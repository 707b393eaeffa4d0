// @ts-check
// The tabs of the boards, in two rows, and the range buttons of the chart; without the script, both are plain links.

import { hrefOf, isPlainClick } from "./address.js";
import { all, closest } from "./dom.js";
import { markCurrent } from "./filters.js";
import { windowOf } from "./metrics.js";

/**
 * Call `onChoose` when the user selects a board by click or key.
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
 * Mark the selected board.
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
 * Mark the selected range.
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
 * Show the definition of a board. All definitions share one grid cell, so its height does not change.
 * @param {HTMLElement} list
 * @param {Choice} choice
 */
export function markDefinition(list, choice) {
  const over = windowOf(choice);
  for (const definition of list.querySelectorAll("p")) {
    const isShown = boardOf(definition) === choice.board && definition.dataset.window === over;
    definition.toggleAttribute("data-shown", isShown);
  }
}

/**
 * Point the methodology links inside `root` at a metric.
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
 * Return the tab that a key selects, undefined for other keys.
 * @param {KeyboardEvent} event
 * @param {HTMLAnchorElement[]} tabs
 */
function keyTarget({ key, altKey, ctrlKey, metaKey, target }, tabs) {
  if (altKey || ctrlKey || metaKey) return undefined;
  const at = tabs.findIndex((tab) => tab === target);
  const indexes = new Map([
    ["ArrowRight", (at + 1) % tabs.length],
    ["ArrowLeft", at - 1],
    ["Home", 0],
    ["End", -1],
  ]);
  const index = indexes.get(key);
  return index === undefined ? undefined : tabs.at(index);
}

/**
 * Make the selected tab the only one that the Tab key reaches.
 * @param {HTMLAnchorElement[]} tabs
 */
function rove(tabs) {
  tabs.forEach((tab) => (tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1));
}
