// @ts-check
// Menus: a <details class="menu"> closes on Escape, on a click outside it, and when it loses focus.

import { inside } from "./dom.js";

/** @returns {HTMLElement[]} */
function openMenus() {
  return [...document.querySelectorAll("details.menu[open]")].filter(
    (menu) => menu instanceof HTMLElement,
  );
}

/** @param {EventTarget | null} target - menus that contain it stay open */
function closeOthers(target) {
  for (const menu of openMenus())
    if (!(target instanceof Node && menu.contains(target))) menu.removeAttribute("open");
}

/** Close the open menus; if the focus is in one of them, move it to that menu's button. */
function closeAll() {
  for (const menu of openMenus()) {
    const hadFocus = menu.contains(document.activeElement);
    menu.removeAttribute("open");
    if (hadFocus) inside(menu, "summary").focus();
  }
}

export function watchMenus() {
  document.addEventListener("pointerdown", ({ target }) => closeOthers(target));
  document.addEventListener("focusin", ({ target }) => closeOthers(target));
  document.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") closeAll();
  });
}
