// @ts-check
// The tabs of the boards, in two rows, and the ranges of the chart: links without the script, controls with it.

import { hrefOf, isPlainClick } from "./address.js";

/** Let clicks and keys choose a board; `onChoose(board key)`. */
export function bindTabs(list, onChoose) {
  const tabs = tabsOf(list);
  rove(tabs);
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab || !isPlainClick(event)) return;
    event.preventDefault();
    onChoose(tab.dataset.board);
  });
  list.addEventListener("keydown", (event) => {
    const next = keyTarget(event, tabs);
    if (!next) return;
    event.preventDefault();
    next.focus();
    onChoose(next.dataset.board);
  });
}

export function markTab(list, choice) {
  const tabs = tabsOf(list);
  for (const tab of tabs) {
    tab.href = hrefOf({ ...choice, board: tab.dataset.board, metric: null });
    tab.setAttribute("aria-selected", String(tab.dataset.board === choice.board));
  }
  rove(tabs);
}

export function markRange(list, choice) {
  for (const link of list.children) {
    link.href = hrefOf({ ...choice, range: link.dataset.range, from: null, until: null });
    if (link.dataset.range === choice.range && !choice.from)
      link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Show the definition of a board; all of them lie in one place, which is as high as the highest. */
export function markDefinition(list, board) {
  for (const definition of list.children)
    definition.toggleAttribute("data-shown", definition.dataset.board === board);
}

function tabsOf(list) {
  return [...list.querySelectorAll("[role=tab]")];
}

/** Return the tab that a key leads to, undefined for a key that is not ours. */
function keyTarget({ key, altKey, ctrlKey, metaKey, target }, tabs) {
  if (altKey || ctrlKey || metaKey) return undefined;
  const at = tabs.indexOf(target);
  const places = { ArrowRight: (at + 1) % tabs.length, ArrowLeft: at - 1, Home: 0, End: -1 };
  return key in places ? tabs.at(places[key]) : undefined;
}

/** Only the chosen tab is a stop of the Tab key. */
function rove(tabs) {
  tabs.forEach((tab) => (tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1));
}
