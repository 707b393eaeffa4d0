// @ts-check
// The address of the page holds board, size, filters, channel, range, metric and dates: it can be reloaded and shared.

import { constants } from "./constants.js";

/** A choice with `changes`; what they leave open is "". */
export function changed(choice, changes) {
  return Object.fromEntries(
    Object.entries({ ...choice, ...changes }).map(([name, value]) => [name, value ?? ""]),
  );
}

/** The address of a choice; what has its default is left out. */
export function hrefOf(choice) {
  const query = new URLSearchParams();
  for (const [name, usual] of Object.entries(constants.defaults)) {
    if (choice[name] !== usual) query.set(name, choice[name]);
  }
  const text = query.toString();
  return text ? `?${text}` : location.pathname;
}

/** Put a choice in the address, so that the back button returns to the one before. */
export function push(choice) {
  history.pushState({ ...choice }, "", hrefOf(choice));
}

/** Change the address without a step for the back button. */
export function replace(choice) {
  history.replaceState({ ...choice }, "", hrefOf(choice));
}

/** Call `listener` with the choice that the back or forward button leads to. */
export function onReturn(first, listener) {
  history.replaceState({ ...first }, "");
  addEventListener("popstate", (event) => listener({ ...constants.defaults, ...event.state }));
}

/** Tell whether a click on a link is for us and not for a new tab or window. */
export function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}
