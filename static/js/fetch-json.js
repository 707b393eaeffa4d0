// @ts-check
// Requests for JSON data.

import { reach } from "./reach.js";

/**
 * Return the JSON at a URL, or null if it is unavailable; callers then keep the previous data.
 * @param {string} url
 * @param {() => void} [onSignedOut] - called when the session has ended
 */
export async function fetchJson(url, onSignedOut) {
  const response = await fetch(url).catch(() => {
    reach.check();
    return null;
  });
  if (response?.status === 401) onSignedOut?.();
  return response?.ok && !response.redirected ? response.json() : null;
}
