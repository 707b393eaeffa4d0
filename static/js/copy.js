// @ts-check
// Buttons that copy the content of a field.

import { $, all, byId } from "./dom.js";

for (const button of all(document, "[data-copy]")) {
  const field = byId(button.dataset.copy ?? "", HTMLInputElement);
  const label = button.textContent;
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    $(button.dataset.status ?? "announcement").textContent = "Copied.";
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = label), 2_000);
  });
}
