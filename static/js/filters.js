// @ts-check
// The filters and the size of a board: a form and links that also work without the script.

import { hrefOf, isPlainClick } from "./address.js";
import { constants } from "./constants.js";
import { closest, field } from "./dom.js";
import { metricOf, windowOf } from "./metrics.js";

/** @param {string} name */
const isFilter = (name) => constants.filters.some((filter) => filter === name);

/**
 * Bind the form, the sizes and the Clear link to the choice.
 * @param {object} parts
 * @param {HTMLFormElement} parts.form
 * @param {HTMLElement} parts.sizes
 * @param {HTMLElement} parts.clear
 * @param {(changes: Changes) => void} parts.onChoose
 */
export function bindFilters({ form, sizes, clear, onChoose }) {
  form.addEventListener("change", (event) => {
    const select = closest(event, "select", HTMLSelectElement);
    if (select && isFilter(select.name)) onChoose({ [select.name]: select.value });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  sizes.addEventListener("click", (event) => {
    const link = closest(event, "[data-size]", HTMLAnchorElement);
    if (!link || !isPlainClick(event)) return;
    event.preventDefault();
    onChoose({ size: link.dataset.size });
  });
  clear.addEventListener("click", (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    onChoose(Object.fromEntries(constants.filters.map((name) => [name, ""])));
  });
}

/**
 * Mark the selected size.
 * @param {HTMLElement} sizes
 * @param {Choice} choice
 */
export function markSizes(sizes, choice) {
  for (const link of sizes.querySelectorAll("a")) {
    const { size = "" } = link.dataset;
    link.href = hrefOf({ ...choice, size });
    markCurrent(link, size === choice.size);
  }
}

/**
 * Mark the selected window. Only ratio boards offer a choice.
 * @param {HTMLElement} windows
 * @param {Choice} choice
 */
export function markWindows(windows, choice) {
  windows.toggleAttribute("data-shown", metricOf(choice.board).is_ratio);
  for (const link of windows.querySelectorAll("a")) {
    const { window: over = "" } = link.dataset;
    link.href = hrefOf({ ...choice, window: over });
    markCurrent(link, over === windowOf(choice));
  }
}

/**
 * Point the export links at the selected board.
 * @param {HTMLElement} menu
 * @param {Choice} choice
 */
export function markFiles(menu, choice) {
  const { board, size, category, language, band } = choice;
  const over = windowOf(choice);
  const query = new URLSearchParams({ board, window: over, size, category, language, band });
  for (const link of menu.querySelectorAll("a")) link.search = String(query);
}

/**
 * Show the selected filters. A value that the page does not offer, for example from an older URL, is added.
 * @param {HTMLFormElement} form
 * @param {Choice} choice
 */
export function markFilters(form, choice) {
  for (const name of constants.filters) {
    const select = field(form, name, HTMLSelectElement);
    const isOffered = [...select.options].some(({ value }) => value === choice[name]);
    if (!isOffered) select.add(new Option(choice[name], choice[name]));
    select.value = choice[name];
    select.toggleAttribute("data-chosen", choice[name] !== "");
  }
}

/**
 * Mark a link as current, or remove the mark.
 * @param {Element} link
 * @param {boolean} isCurrent
 */
export function markCurrent(link, isCurrent) {
  if (isCurrent) link.setAttribute("aria-current", "true");
  else link.removeAttribute("aria-current");
}
