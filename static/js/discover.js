// @ts-check
// The table of live channels: refreshes values and order together, and pauses while the table is in use.

import { $, byId, write } from "./dom.js";
import { HoverOrFocus } from "./hover-or-focus.js";
import { reach } from "./reach.js";
import { markStars } from "./stars.js";

const RENEW_EVERY_MS = 5_000;

/**
 * Replace the rows with current ones, unless the user has started to use the table meanwhile.
 * @param {HoverOrFocus} hover
 */
async function renew(hover) {
  if (document.hidden || hover.isActive) return;
  const address = new URL(location.href);
  address.searchParams.set("rows", "1");
  const answer = await fetch(address).catch(() => {
    reach.check();
    return null;
  });
  if (answer?.redirected) location.reload();
  if (!answer?.ok || answer.redirected || hover.isActive) return;
  const page = new DOMParser().parseFromString(
    `<table>${await answer.text()}</table>`,
    "text/html",
  );
  const rows = page.getElementById("rows");
  if (!rows || hover.isActive) return;
  $("rows").replaceWith(rows);
  markStars(rows);
  write($("count"), rows.dataset.count ?? "");
}

/** @param {boolean} isPaused */
function showPause(isPaused) {
  const { held = "", live = "" } = $("hold").dataset;
  write($("hold"), isPaused ? held : live);
}

const table = document.getElementById("found");
if (table) {
  const hover = new HoverOrFocus(table, showPause);
  setInterval(() => renew(hover), RENEW_EVERY_MS);
  document.addEventListener("visibilitychange", () => renew(hover));
}
// Empty fields are left out, so that the URL is short enough to share.
const filters = byId("filters", HTMLFormElement);
filters.addEventListener("submit", () => {
  for (const field of filters.querySelectorAll("input, select")) {
    const isField = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isField && field.name && !field.value) field.disabled = true;
  }
});
