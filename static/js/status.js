// @ts-check
// The status page: its moving part anew every 10 s, unless somebody reads a table that is open in it.

import { showTime } from "./times.js";

const EVERY_MS = 10_000;

const now = document.getElementById("now");
const fresh = document.getElementById("fresh");
const live = fresh.textContent;

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(now.dataset.from).catch(() => null);
  if (!answer?.ok || answer.redirected) return tell("Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = now.querySelector("details")?.open;
  const held = now.contains(document.activeElement);
  if (held) return tell("Updates paused while you hover");
  page.querySelectorAll("time[data-utc]").forEach(showTime);
  if (open) page.querySelector("details").open = true;
  now.replaceChildren(...page.body.childNodes);
  tell(live);
}

function tell(text) {
  if (fresh.textContent !== text) fresh.textContent = text;
}

setInterval(renew, EVERY_MS);
document.addEventListener("visibilitychange", renew);
