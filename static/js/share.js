// @ts-check
// The Share menu: creates a link in place, and copies it. Without JavaScript, the form opens the share links page.

import { $, all, byId, field, inside, insideOf } from "./dom.js";
import { reach } from "./reach.js";

const form = insideOf(document, "[data-share]", HTMLFormElement);
const kind = field(form, "kind", Element);

/** Show the fields of the chosen kind; hidden fields are not sent. */
function showFields() {
  const chosen = kind instanceof HTMLSelectElement ? kind.value : "page";
  for (const part of all(form, "[data-for]")) {
    part.hidden = !part.dataset.for?.split(" ").includes(chosen);
    for (const input of part.querySelectorAll("input, select"))
      if (input instanceof HTMLInputElement || input instanceof HTMLSelectElement)
        input.disabled = part.hidden;
  }
}

async function create() {
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) body.append(name, String(value));
  const headers = { Accept: "application/json" };
  const response = await fetch(form.action, { method: "POST", body, headers }).catch(() => null);
  /** @type {{ url?: string, text?: string, reason?: string } | null} */
  const reply = (await response?.json().catch(() => null)) ?? null;
  if (!response) reach.missed();
  if (!response?.ok || !reply?.url || !reply.text) {
    say(reply?.reason ?? "The link could not be created. Try again.");
    return;
  }
  await show(reply.url, reply.text);
}

/**
 * @param {string} url
 * @param {string} text - the URL, or the HTML of a widget
 */
async function show(url, text) {
  byId("share-address", HTMLInputElement).value = text;
  insideOf(form, "[data-preview]", HTMLAnchorElement).href = url;
  inside(form, "[data-created]").hidden = false;
  const isCopied = await navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  );
  say(isCopied ? "Link created and copied." : "Link created.");
}

/** @param {string} text */
const say = (text) => ($("share-status").textContent = text);

form.addEventListener("change", () => {
  showFields();
  // The displayed link does not reflect the changed settings.
  inside(form, "[data-created]").hidden = true;
  say("");
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  say("Creating the link…");
  create();
});
showFields();
