// @ts-check
// What every page has: the theme switch, the clock, times in the zone that the reader chose, and word of a server that is away.

import { watchReach } from "./away.js";
import { switchTheme } from "./theme.js";
import { hms, showTime, showZone, timesIn, ZONE } from "./times.js";

document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
timesIn(document).forEach(showTime);
showZone(document);
watchReach();

const clock = document.querySelector("[data-clock]");
if (clock) {
  const tell = () => (clock.textContent = `${hms(Date.now())} ${ZONE}`);
  tell();
  setInterval(tell, 1000);
}
