// The tabs of the boards and the ranges of the chart: links without the script, controls with it.

import { hrefOf, isPlainClick } from "./address.js";

const KEYS = { ArrowRight: 1, ArrowLeft: -1 };

/** Let clicks and arrow keys choose a board; `onChoose(board key)`. */
export function bindTabs(list, onChoose) {
  const tabs = [...list.children];
  rove(tabs);
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (!tab || !isPlainClick(event)) return;
    event.preventDefault();
    onChoose(tab.dataset.board);
  });
  list.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS)) return;
    event.preventDefault();
    const next = tabs.at((tabs.indexOf(document.activeElement) + KEYS[event.key]) % tabs.length);
    next.focus();
    onChoose(next.dataset.board);
  });
}

export function markTab(list, choice) {
  const tabs = [...list.children];
  for (const tab of tabs) {
    tab.href = hrefOf({ ...choice, board: tab.dataset.board });
    tab.setAttribute("aria-selected", String(tab.dataset.board === choice.board));
  }
  rove(tabs);
}

export function markRange(list, choice) {
  for (const link of list.children) {
    link.href = hrefOf({ ...choice, range: link.dataset.range });
    if (link.dataset.range === choice.range) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Only the chosen tab is a stop of the Tab key. */
function rove(tabs) {
  tabs.forEach((tab) => (tab.tabIndex = tab.getAttribute("aria-selected") === "true" ? 0 : -1));
}
