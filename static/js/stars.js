// The stars beside channels: one click puts a channel on the watchlist used last, another takes it off again.

import { told } from "./ask.js";
import { ListMenu } from "./list-menu.js";
import { Toast } from "./toast.js";
import { Watching } from "./watch.js";

const $ = (id) => document.getElementById(id);
// Channels whose change is under way: a second click on one waits for the first.
const busy = new Set();
let watching = null;
let menu = null;
let toast = null;

/** Show on each star in `root` whether its channel is on a list. Without an account there are none. */
export function markStars(root) {
  for (const star of root.querySelectorAll("[data-star]")) {
    const isOn = String(watching.holding(star.value).length > 0);
    if (star.getAttribute("aria-pressed") !== isOn) star.setAttribute("aria-pressed", isOn);
  }
}

async function pressed(star, isKey) {
  const { value: channel } = star;
  const holding = watching.holding(channel);
  if (holding.length < 2) await change(star, holding[0]);
  // With several lists the one that was meant may be another.
  if (watching.lists.length > 1 && watching.holding(channel).length > 0) menu.open(star, isKey);
}

/** Take the channel of a star off a list, or put it on `onto`, else on the list used last. */
async function change(star, off, onto) {
  const { value: channel } = star;
  const { of: name } = star.dataset;
  if (busy.has(channel)) return;
  busy.add(channel);
  try {
    if (off) await taken(channel, name, off);
    else await put(channel, name, onto);
  } catch (error) {
    toast.say(error.message);
  } finally {
    busy.delete(channel);
    markStars(document);
  }
}

async function put(channel, name, onto) {
  const list = await watching.put(channel, onto?.id);
  const { id } = watching.lists.find((one) => one.name === list);
  toast.say(`${name} is on “${list}”.`, () =>
    watching.take(channel, id).then(() => markStars(document)),
  );
}

async function taken(channel, name, { id, name: list }) {
  await watching.take(channel, id);
  toast.say(`${name} is off “${list}”.`, () =>
    watching.put(channel, id).then(() => markStars(document)),
  );
}

/** Another page may have changed the lists meanwhile. */
async function look(channel) {
  const found = await told(`/watchlists/lists?channel=${channel}`);
  if (found) watching.learn(channel, found.lists);
  markStars(document);
}

function begin() {
  const token = $("starring").elements.csrfmiddlewaretoken.value;
  watching = new Watching(JSON.parse($("watching").textContent), token);
  toast = new Toast($("starred"));
  menu = new ListMenu($("lists"), {
    watching,
    look,
    onChoose: (star, list, holds) => change(star, holds && list, list),
  });
  document.addEventListener("click", (event) => {
    const star = event.target.closest("[data-star]");
    if (!star) return;
    event.preventDefault();
    pressed(star, event.detail === 0);
  });
  for (const button of document.querySelectorAll("[data-choose]")) {
    button.hidden = false;
    button.addEventListener("click", ({ detail }) =>
      menu.open(button.previousElementSibling, detail === 0, button),
    );
  }
}

if ($("watching")) begin();
