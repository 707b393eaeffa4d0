// @ts-check
// Which channels a board is made of, and how many: links and a form without the script, controls with it.

import { hrefOf, isPlainClick } from "./address.js";
import { constants } from "./constants.js";

/** Let the form, the sizes and the way back to all channels change the choice; `onChoose(changes)`. */
export function bindFilters({ form, sizes, clear, onChoose }) {
  form.addEventListener(
    "change",
    ({ target }) =>
      constants.filters.includes(target.name) && onChoose({ [target.name]: target.value }),
  );
  form.addEventListener("submit", (event) => event.preventDefault());
  sizes.addEventListener("click", (event) => {
    const link = event.target.closest("[data-size]");
    if (!link || !isPlainClick(event)) return;
    event.preventDefault();
    onChoose({ size: link.dataset.size });
  });
  clear.addEventListener("click", (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    onChoose(Object.fromEntries(constants.filters.map((name) => [name, ""])));
  });
}

export function markSizes(sizes, choice) {
  for (const link of sizes.children) {
    link.href = hrefOf({ ...choice, size: link.dataset.size });
    if (link.dataset.size === choice.size) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Let the files be those of the board that is shown. */
export function markFiles(menu, { board, size, category, language, band }) {
  const query = new URLSearchParams({ board, size, category, language, band });
  for (const link of menu.querySelectorAll("a")) link.search = query;
}

/** Show what is chosen; what the page was not told of, as from an address gone back to, is offered from then on. */
export function markFilters(form, choice) {
  for (const name of constants.filters) {
    const select = form.elements[name];
    const isOffered = [...select.options].some(({ value }) => value === choice[name]);
    if (!isOffered) select.add(new Option(choice[name], choice[name]));
    select.value = choice[name];
    select.toggleAttribute("data-chosen", choice[name] !== "");
  }
}
