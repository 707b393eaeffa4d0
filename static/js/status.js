// @ts-check
// The status page: its moving part anew every 10 s, unless somebody reads a table that is open in it.

import { $, inside } from "./dom.js";
import { showTime, timesIn } from "./times.js";

const EVERY_MS = 10_000;

const now = $("now");
const fresh = $("fresh");
const live = fresh.textContent;

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(now.dataset.from ?? "").catch(() => null);
  if (!answer?.ok || answer.redirected) return tell("Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = now.querySelector("details")?.open;
  const held = now.contains(document.activeElement);
  if (held) return tell("Updates paused while you hover");
  timesIn(page).forEach(showTime);
  if (open) inside(page, "details").setAttribute("open", "");
  now.replaceChildren(...page.body.childNodes);
  tell(live);
}

/** @param {string | null} text */
function tell(text) {
  if (fresh.textContent !== text) fresh.textContent = text;
}

setInterval(renew, EVERY_MS);
document.addEventListener("visibilitychange", renew);
