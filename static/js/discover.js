// The table of live channels: refreshes figures and order together, and pauses while the reader is in the table.

import { reach } from "./reach.js";
import { markStars } from "./stars.js";

const RENEW_EVERY_MS = 5_000;

const $ = (id) => document.getElementById(id);
const held = { pointer: false, focus: false };
const isHeld = () => held.pointer || held.focus;

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Put the rows of now in place of those there are, unless somebody has come to read them meanwhile. */
async function renew() {
  if (document.hidden || isHeld()) return;
  const address = new URL(location.href);
  address.searchParams.set("rows", "1");
  const answer = await fetch(address).catch(() => {
    reach.look();
    return null;
  });
  if (answer?.redirected) location.reload();
  if (!answer?.ok || answer.redirected || isHeld()) return;
  const page = new DOMParser().parseFromString(
    `<table>${await answer.text()}</table>`,
    "text/html",
  );
  const rows = page.querySelector("#rows");
  if (!rows || isHeld()) return;
  $("rows").replaceWith(rows);
  markStars(rows);
  write($("count"), rows.dataset.count);
}

function hold(reason, is) {
  held[reason] = is;
  write($("hold"), isHeld() ? $("hold").dataset.held : $("hold").dataset.live);
}

if ($("found")) {
  const table = $("found");
  table.addEventListener("pointerenter", (event) => hold("pointer", event.pointerType === "mouse"));
  table.addEventListener("pointerleave", () => hold("pointer", false));
  table.addEventListener("focusin", (event) =>
    hold("focus", event.target.matches(":focus-visible")),
  );
  table.addEventListener("focusout", () => hold("focus", false));
  setInterval(renew, RENEW_EVERY_MS);
  document.addEventListener("visibilitychange", renew);
}
// An address without what was left empty is one that people like to share.
$("filters").addEventListener("submit", (event) => {
  for (const field of event.target.elements) if (field.name && !field.value) field.disabled = true;
});
