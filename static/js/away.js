// @ts-check
// The offline bar on every page: shows when updates were paused, and reports requests that were blocked.

import { isPlainClick } from "./address.js";
import { closest, inside } from "./dom.js";
import { reach } from "./reach.js";
import { hms, zoneAt } from "./times.js";

/**
 * @param {HTMLElement} bar
 * @param {boolean} isAway
 */
function show(bar, isAway) {
  bar.hidden = !isAway;
  if (!isAway) {
    say(bar, "");
    return;
  }
  inside(bar, "b").textContent = navigator.onLine
    ? "Twitchly is not responding."
    : "You are offline.";
  const sinceMs = reach.awaySince ?? Date.now();
  const since = `${hms(sinceMs)} ${zoneAt(sinceMs)}`;
  inside(bar, "span").textContent = `Updates paused since ${since}. Reconnecting…`;
}

/**
 * @param {HTMLElement} bar
 * @param {string} text
 */
function say(bar, text) {
  inside(bar, "[role=alert]").textContent = text;
}

/**
 * Return whether a click leads to another page of this site.
 * @param {MouseEvent} event
 */
function leaves(event) {
  const link = closest(event, "a[href]", HTMLAnchorElement);
  const isOurs = link?.origin === location.origin && !link.getAttribute("href")?.startsWith("#");
  return isOurs && isPlainClick(event);
}

/** Show the bar while the server is unreachable. */
export function watchReach() {
  const bar = document.getElementById("away");
  if (!bar) return;
  const sayMissed = () =>
    say(
      bar,
      "Nothing was sent, because the server cannot be reached. Try again when the connection is back.",
    );
  /**
   * Block links and forms that would lead to the browser's error page, and say why.
   * @param {Event} event
   */
  const block = (event) => {
    if (!reach.isAway || event.defaultPrevented) return;
    event.preventDefault();
    sayMissed();
  };
  reach.onChange((isAway) => show(bar, isAway));
  reach.onMiss = sayMissed;
  document.addEventListener("submit", block);
  document.addEventListener("click", (event) => leaves(event) && block(event));
  reach.follow();
}
