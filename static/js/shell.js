// What every page has: the theme switch, the clock, and the reader's own time behind UTC times.

import { addLocalTime, hms } from "./figures.js";
import { switchTheme } from "./theme.js";

document.querySelector("[data-theme-switch]")?.addEventListener("click", switchTheme);
document.querySelectorAll("time[data-utc]").forEach(addLocalTime);

const clock = document.querySelector("[data-clock]");
if (clock) {
  const tell = () => (clock.textContent = `${hms(Date.now())} UTC`);
  tell();
  setInterval(tell, 1000);
}
