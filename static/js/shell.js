// @ts-check
// Features of every page: channel search, menus, the theme switch, the clock, times in the chosen zone, and the offline bar.

import { watchReach } from "./away.js";
import { Finder } from "./finder.js";
import { watchMenus } from "./menus.js";
import { watchSignOut } from "./sign-in.js";
import { switchTheme } from "./theme.js";
import { hms, showTime, showZone, timesIn, zoneAt } from "./times.js";

document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
timesIn(document).forEach(showTime);
showZone(document);
watchReach();
watchMenus();
watchSignOut();

// The board page opens a channel without loading another page.
const find = document.getElementById("find");
if (find instanceof HTMLFormElement && find.dataset.opensInPlace === undefined) {
  /** @param {Profile} profile */
  const open = ({ id }) => location.assign(`/?${new URLSearchParams({ channel: id })}`);
  new Finder(find, { board: () => ({}), onOpen: open });
}

const clock = document.querySelector("[data-clock]");
if (clock) {
  const update = () => (clock.textContent = `${hms(Date.now())} ${zoneAt(Date.now())}`);
  update();
  setInterval(update, 1000);
}
