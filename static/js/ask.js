// @ts-check
// Asking the server for figures.

import { reach } from "./reach.js";

/** What an address tells, null where it cannot be had: what was known stays. */
export async function told(url) {
  const answer = await fetch(url).catch(() => {
    reach.look();
    return null;
  });
  return answer?.ok && !answer.redirected ? answer.json() : null;
}
