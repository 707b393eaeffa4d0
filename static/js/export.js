// @ts-check
// Slow exports: progress and cancellation.

import { closest, inside, insideOf } from "./dom.js";
import { saveBlob } from "./picture.js";
import { reach } from "./reach.js";

const MARK_BYTES = 400;

/** @typedef {import("./span.js").Span} Span */

/**
 * Show the progress of exports started from the `data-export` links in `menu`.
 * @param {HTMLElement} menu
 * @param {() => Span} span - returns the time span of the files
 */
export function bindExports(menu, span) {
  const bar = insideOf(menu, "progress", HTMLProgressElement);
  const status = inside(menu, "[data-status]");
  const stop = inside(menu, "[data-stop]");
  /** @type {AbortController | null} */
  let download = null;
  stop.addEventListener("click", () => download?.abort());
  menu.addEventListener("click", async (event) => {
    const link = closest(event, "a[data-export]", HTMLAnchorElement);
    if (!link || download) return;
    event.preventDefault();
    download = new AbortController();
    show(true);
    try {
      const response = await fetch(link.href, { signal: download.signal });
      if (!response.ok) throw new Error((await response.json()).reason);
      saveBlob(await read(response, span(), (share) => (bar.value = share)), nameOf(response));
      status.textContent = "Saved.";
    } catch (error) {
      if (error instanceof TypeError) reach.missed();
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      status.textContent = name === "AbortError" ? "Stopped." : `Not saved: ${message}`;
    } finally {
      download = null;
      show(false);
    }
  });

  /** @param {boolean} isBusy */
  function show(isBusy) {
    bar.hidden = stop.hidden = !isBusy;
    bar.value = 0;
    if (isBusy) status.textContent = "Reading history…";
  }
}

/**
 * Read the whole response and report progress, computed from the times of its rows.
 * @param {Response} response
 * @param {Span} span
 * @param {(share: number) => void} onProgress
 */
async function read(response, { fromMs, untilMs }, onProgress) {
  /** @type {Uint8Array<ArrayBuffer>[]} */
  const parts = [];
  const decoder = new TextDecoder();
  for await (const part of chunks(response.body)) {
    parts.push(part);
    const times = decoder.decode(part.slice(-MARK_BYTES)).match(/\d{4}-\d\d-\d\dT[\d:.]+Z/g);
    const atMs = Date.parse(times?.at(-1) ?? "");
    if (atMs) onProgress(Math.min(1, Math.max(0, (atMs - fromMs) / (untilMs - fromMs))));
  }
  return new Blob(parts, { type: response.headers.get("Content-Type") ?? "" });
}

/** @param {ReadableStream<Uint8Array<ArrayBuffer>> | null} body */
async function* chunks(body) {
  if (!body) return;
  const reader = body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
}

/** @param {Response} response */
function nameOf(response) {
  return (
    /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1] ?? "twitchly"
  );
}
