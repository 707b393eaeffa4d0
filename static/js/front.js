// @ts-check
// The front page: its small board is reloaded every two seconds while the page is visible.

import { $, write } from "./dom.js";

const board = $("front-board");
const state = $("front-state");
const liveText = state.textContent ?? "";

async function renew() {
  if (document.hidden) return;
  const response = await fetch(board.dataset.from ?? "").catch(() => null);
  if (!response?.ok) return write(state, "Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  board.replaceChildren(...page.body.childNodes);
  write(state, liveText);
}

setInterval(renew, Number(board.dataset.every));
document.addEventListener("visibilitychange", renew);
