// @ts-check
// The address of the page holds board, size, filters, channel, range, metric and dates: it can be reloaded and shared.

import { constants } from "./constants.js";

/**
 * Return a choice with changes.
 * @param {Choice} choice
 * @param {Changes} changes
 * @returns {Choice}
 */
export const changed = (choice, changes) => ({ ...choice, ...changes });

/**
 * Return the address of a choice, without what has its default.
 * @param {Choice} choice
 */
export function hrefOf(choice) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(constants.defaults)) {
    const chosen = choice[/** @type {ChoiceName} */ (name)];
    if (chosen !== value) query.set(name, chosen);
  }
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/**
 * Put a choice in the address, so that the back button returns to the one before.
 * @param {Choice} choice
 */
export function push(choice) {
  history.pushState({ ...choice }, "", hrefOf(choice));
}

/**
 * Change the address without a step for the back button.
 * @param {Choice} choice
 */
export function replace(choice) {
  history.replaceState({ ...choice }, "", hrefOf(choice));
}

/**
 * Call `listener` with the choice that the back or forward button leads to.
 * @param {Choice} first
 * @param {(choice: Choice) => void} listener
 */
export function onReturn(first, listener) {
  history.replaceState({ ...first }, "");
  addEventListener("popstate", (event) => listener({ ...constants.defaults, ...event.state }));
}

/**
 * Tell whether a click on a link is for us and not for a new tab or window.
 * @param {MouseEvent} event
 */
export function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
