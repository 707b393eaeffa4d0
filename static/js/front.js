// @ts-check
// The front page: its small board is loaded again every two seconds while the page is visible.

import { $ } from "./dom.js";

const board = $("front-board");
const state = $("front-state");
const usual = state.textContent;

async function renew() {
  if (document.hidden) return;
  const answer = await fetch(board.dataset.from ?? "").catch(() => null);
  if (!answer?.ok) return say("Not updated: the server is not responding");
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  board.replaceChildren(...page.body.childNodes);
  say(usual);
}

/** @param {string | null} text */
function say(text) {
  if (state.textContent !== text) state.textContent = text;
}

setInterval(renew, Number(board.dataset.every));
document.addEventListener("visibilitychange", renew);
