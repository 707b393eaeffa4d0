// @ts-check
// The URL contains board, window, size, filters, channel, range, metric and dates, so that views can be shared.

import { constants } from "./constants.js";

/**
 * Return a copy of a choice with changes.
 * @param {Choice} choice
 * @param {Changes} changes
 * @returns {Choice}
 */
export const changed = (choice, changes) => ({ ...choice, ...changes });

/**
 * Return the URL for a choice; parameters with default values are omitted.
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
 * Push a choice to the browser history, so that the back button returns to the previous one.
 * @param {Choice} choice
 */
export function push(choice) {
  history.pushState({ ...choice }, "", hrefOf(choice));
}

/**
 * Replace the URL without adding a history entry.
 * @param {Choice} choice
 */
export function replace(choice) {
  history.replaceState({ ...choice }, "", hrefOf(choice));
}

/**
 * Call `listener` with the choice when the user goes back or forward.
 * @param {Choice} first
 * @param {(choice: Choice) => void} listener
 */
export function onReturn(first, listener) {
  history.replaceState({ ...first }, "");
  addEventListener("popstate", (event) => listener({ ...constants.defaults, ...event.state }));
}

/**
 * Return whether a click opens a link in this tab rather than in a new tab or window.
 * @param {MouseEvent} event
 */
export function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
