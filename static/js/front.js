// @ts-check
// The front page: its small board is loaded again every two seconds while the page is visible.

import { $, write } from "./dom.js";

const board = $("front-board");
const state = $("front-state");
const usual = state.textContent ?? "";

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(board.dataset.from ?? "").catch(() => null);
  if (!answer?.ok) return write(state, "Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  board.replaceChildren(...page.body.childNodes);
  write(state, usual);
}

setInterval(renew, Number(board.dataset.every));
document.addEventListener("visibilitychange", renew);
