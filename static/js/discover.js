// @ts-check
// The table of live channels: refreshes values and order together, and pauses while the table is in use.

import { $, byId, write } from "./dom.js";
import { Hold } from "./hold.js";
import { reach } from "./reach.js";
import { markStars } from "./stars.js";

const RENEW_EVERY_MS = 5_000;

/**
 * Replace the rows with current ones, unless the user has started to use the table meanwhile.
 * @param {Hold} hold
 */
async function renew(hold) {
  if (document.hidden || hold.isHeld) return;
  const address = new URL(location.href);
  address.searchParams.set("rows", "1");
  const answer = await fetch(address).catch(() => {
    reach.check();
    return null;
  });
  if (answer?.redirected) location.reload();
  if (!answer?.ok || answer.redirected || hold.isHeld) return;
  const page = new DOMParser().parseFromString(
    `<table>${await answer.text()}</table>`,
    "text/html",
  );
  const rows = page.getElementById("rows");
  if (!rows || hold.isHeld) return;
  $("rows").replaceWith(rows);
  markStars(rows);
  write($("count"), rows.dataset.count ?? "");
}

/** @param {boolean} isHeld */
function showHold(isHeld) {
  const { held = "", live = "" } = $("hold").dataset;
  write($("hold"), isHeld ? held : live);
}

const table = document.getElementById("found");
if (table) {
  const hold = new Hold(table, showHold);
  setInterval(() => renew(hold), RENEW_EVERY_MS);
  document.addEventListener("visibilitychange", () => renew(hold));
}
// Empty fields are left out, so that the URL is short enough to share.
const filters = byId("filters", HTMLFormElement);
filters.addEventListener("submit", () => {
  for (const field of filters.querySelectorAll("input, select")) {
    const isField = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isField && field.name && !field.value) field.disabled = true;
  }
});
