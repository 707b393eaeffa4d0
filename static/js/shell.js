// @ts-check
// Features of every page: menus, the theme switch, the clock, times in the chosen zone, and the offline bar.

import { watchReach } from "./away.js";
import { watchMenus } from "./menus.js";
import { watchSignOut } from "./sign-in.js";
import { switchTheme } from "./theme.js";
import { hms, showTime, showZone, timesIn, ZONE } from "./times.js";

document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
timesIn(document).forEach(showTime);
showZone(document);
watchReach();
watchMenus();
watchSignOut();

const clock = document.querySelector("[data-clock]");
if (clock) {
  const update = () => (clock.textContent = `${hms(Date.now())} ${ZONE}`);
  update();
  setInterval(update, 1000);
}
