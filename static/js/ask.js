// Asking the server for figures.

/** What an address tells, null where it cannot be had: what was known stays. */
export async function told(url) {
  const answer = await fetch(url).catch(() => null);
  return answer?.ok && !answer.redirected ? answer.json() : null;
}
