// @ts-check
// The status page: its live part is reloaded every 10 s, unless the focus is in it.

import { $, inside, write } from "./dom.js";
import { showTime, showZone, timesIn } from "./times.js";

const EVERY_MS = 10_000;

const now = $("now");
const fresh = $("fresh");
const live = fresh.textContent ?? "";

async function renew() {
  if (document.hidden) return;
  const response = await fetch(now.dataset.from ?? "").catch(() => null);
  if (!response?.ok || response.redirected)
    return write(fresh, "Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const open = now.querySelector("details")?.open;
  const held = now.contains(document.activeElement);
  if (held) return write(fresh, "Updates paused while this section has the focus");
  timesIn(page).forEach(showTime);
  showZone(page);
  if (open) inside(page, "details").setAttribute("open", "");
  now.replaceChildren(...page.body.childNodes);
  write(fresh, live);
}

setInterval(renew, EVERY_MS);
document.addEventListener("visibilitychange", renew);
