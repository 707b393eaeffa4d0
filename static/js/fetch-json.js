// @ts-check
// Asking the server for figures.

import { reach } from "./reach.js";

/**
 * Return what an address tells, null where it cannot be had: what was known stays.
 * @param {string} url
 * @param {() => void} [onSignedOut] - when the session has ended
 */
export async function told(url, onSignedOut) {
  const answer = await fetch(url).catch(() => {
    reach.look();
    return null;
  });
  if (answer?.status === 401) onSignedOut?.();
  return answer?.ok && !answer.redirected ? answer.json() : null;
}
