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
  const response = await fetch(address).catch(() => {
    reach.check();
    return null;
  });
  if (response?.redirected) location.reload();
  if (!response?.ok || response.redirected || hover.isActive) return;
  const page = new DOMParser().parseFromString(
    `<table>${await response.text()}</table>`,
    "text/html",
  );
  const rows = page.getElementById("rows");
  if (!rows || hover.isActive) return;
  const selected = selectedIds();
  for (const box of boxesIn(rows)) box.checked = selected.includes(box.value);
  $("rows").replaceWith(rows);
  showSelection();
  markStars(rows);
  write($("count"), rows.dataset.count ?? "");
}

/**
 * Return the check boxes of rows.
 * @param {ParentNode} root
 */
const boxesIn = (root) =>
  /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("input[name=channels]")]);

const selectedIds = () =>
  boxesIn(document)
    .filter((box) => box.checked)
    .map((box) => box.value);

/** Show the number of selected channels; without a selection, disable the actions. */
function showSelection() {
  const form = document.getElementById("selection");
  if (!form) return;
  const count = selectedIds().length;
  write($("selected"), count ? `${count} selected` : "Select channels to compare or watch them.");
  for (const button of form.querySelectorAll("button")) button.disabled = count === 0;
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
document.addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement && target.name === "channels") showSelection();
});
showSelection();
// Empty fields are left out, so that the URL is short enough to share.
const filters = byId("filters", HTMLFormElement);
filters.addEventListener("submit", () => {
  for (const field of filters.querySelectorAll("input, select")) {
    const isField = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    if (isField && field.name && !field.value) field.disabled = true;
  }
});
