// @ts-check
// Checks whether the server is reachable: probes it when a request fails, and keeps probing until it responds.

const RETRY_MS = 3_000;
const RESPONSE_TIMEOUT_MS = 5_000;
const PROBE = "/healthz";

class Reach {
  constructor() {
    /**
     * When the server became unreachable, in ms by the local clock; null while it is reachable.
     * @type {number | null}
     */
    this.awaySince = null;
    /** @type {Set<(isAway: boolean) => void>} */
    this.listeners = new Set();
    this.onMiss = () => {};
    this.isProbing = false;
    this.isOutdated = false;
    /** @type {number | undefined} */
    this.retryTimer = undefined;
  }

  /** Check whenever the browser goes online or offline. */
  follow() {
    for (const type of ["online", "offline"]) addEventListener(type, () => this.check());
    if (!navigator.onLine) this.check();
  }

  get isAway() {
    return this.awaySince !== null;
  }

  /**
   * Call `listener` after each change.
   * @param {(isAway: boolean) => void} listener
   */
  onChange(listener) {
    this.listeners.add(listener);
  }

  /** Report that a user's change could not be sent. */
  missed() {
    this.onMiss();
    return this.check();
  }

  /** Check whether the server responds after a failed request. */
  async check() {
    // The pending probe may have started before the failure.
    this.isOutdated = this.isProbing;
    if (this.isProbing) return;
    this.isProbing = true;
    clearTimeout(this.retryTimer);
    const responds = await fetch(PROBE, {
      cache: "no-store",
      signal: AbortSignal.timeout(RESPONSE_TIMEOUT_MS),
    })
      .then(({ ok }) => ok)
      .catch(() => false);
    this.isProbing = false;
    if (this.isOutdated) {
      this.check();
      return;
    }
    // The event "offline" is fired once, possibly before the network is lost.
    if (!responds || !navigator.onLine) this.retryTimer = setTimeout(() => this.check(), RETRY_MS);
    if (responds !== this.isAway) return;
    this.awaySince = responds ? null : Date.now();
    this.listeners.forEach((listener) => listener(this.isAway));
  }
}

export const reach = new Reach();
