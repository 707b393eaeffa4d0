// The bar that says that the server is away, on every page: since when, and that what needs it waits.

import { isPlainClick } from "./address.js";
import { reach } from "./reach.js";
import { hms, ZONE } from "./times.js";

const bar = document.getElementById("away");

function show(isAway) {
  bar.hidden = !isAway;
  if (!isAway) {
    say("");
    return;
  }
  const [strong, text] = bar.querySelectorAll("b, span");
  strong.textContent = navigator.onLine ? "Twitchly is not responding." : "You are offline.";
  text.textContent = `Updates paused since ${hms(reach.awaySince)} ${ZONE}. Reconnecting…`;
}

function say(text) {
  bar.querySelector("[role=alert]").textContent = text;
}

const sayMissed = () =>
  say("This needs the server, so nothing was sent. Try again when the connection is back.");

/** A link or a form that would lead to the browser's own error page says why it does not. */
function hold(event) {
  if (!reach.isAway || event.defaultPrevented) return;
  event.preventDefault();
  sayMissed();
}

/** Let the bar follow whether the server can be reached. */
export function watchReach() {
  if (!bar) return;
  reach.onChange(show);
  reach.onMiss = sayMissed;
  document.addEventListener("submit", hold);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (
      link &&
      link.origin === location.origin &&
      !link.getAttribute("href").startsWith("#") &&
      isPlainClick(event)
    )
      hold(event);
  });
  reach.follow();
}
