// @ts-check
// Files that take a while: how far they are, and a way to stop them.

import { saveBlob } from "./picture.js";
import { reach } from "./reach.js";

const MARK_BYTES = 400;

/** Let the links in `menu` with `data-export` show their progress. `span()` is what they cover, {fromMs, untilMs}. */
export function bindExports(menu, { span }) {
  const [bar, said, stop] = ["progress", "[data-said]", "[data-stop]"].map((one) =>
    menu.querySelector(one),
  );
  let asking = null;
  stop.addEventListener("click", () => asking?.abort());
  menu.addEventListener("click", async (event) => {
    const link = event.target.closest("a[data-export]");
    if (!link || asking) return;
    event.preventDefault();
    asking = new AbortController();
    show(true);
    try {
      const answer = await fetch(link.href, { signal: asking.signal });
      if (!answer.ok) throw new Error((await answer.json()).reason);
      saveBlob(await read(answer, span(), (share) => (bar.value = share)), nameOf(answer));
      said.textContent = "Saved.";
    } catch (error) {
      if (error instanceof TypeError) reach.missed();
      said.textContent = error.name === "AbortError" ? "Stopped." : `Not saved: ${error.message}`;
    } finally {
      asking = null;
      show(false);
    }
  });

  function show(isBusy) {
    bar.hidden = stop.hidden = !isBusy;
    bar.value = 0;
    if (isBusy) said.textContent = "Reading history…";
  }
}

/** Read the whole answer, telling from the times in it how far it has come. */
async function read(answer, { fromMs, untilMs }, onProgress) {
  const parts = [];
  const decoder = new TextDecoder();
  for await (const part of chunks(answer.body)) {
    parts.push(part);
    const times = decoder.decode(part.slice(-MARK_BYTES)).match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g);
    if (times)
      onProgress(
        Math.min(1, Math.max(0, (Date.parse(times.at(-1)) - fromMs) / (untilMs - fromMs))),
      );
  }
  return new Blob(parts, { type: answer.headers.get("Content-Type") });
}

async function* chunks(body) {
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

function nameOf(answer) {
  return /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition"))?.[1] ?? "twitchly";
}
