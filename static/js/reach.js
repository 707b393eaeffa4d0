// @ts-check
// Whether the server can be reached: asked when something suggests otherwise, and again until it answers.

const AGAIN_MS = 3_000;
const ANSWER_WITHIN_MS = 5_000;
const PROBE = "/healthz";

class Reach {
  constructor() {
    /**
     * Since when it does not answer, in ms by this machine's clock; null while it does.
     * @type {number | null}
     */
    this.awaySince = null;
    /** @type {Set<(isAway: boolean) => void>} */
    this.listeners = new Set();
    this.onMiss = () => {};
    this.asking = false;
    this.isOutdated = false;
    /** @type {number | undefined} */
    this.again = undefined;
  }

  /** Ask whenever the browser believes that its network came or went. */
  follow() {
    for (const type of ["online", "offline"]) addEventListener(type, () => this.look());
    if (!navigator.onLine) this.look();
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

  /** What somebody wanted to be sent was not. */
  missed() {
    this.onMiss();
    return this.look();
  }

  /** Something did not get through: find out whether anything does. */
  async look() {
    // The request under way may be older than what suggests another.
    this.isOutdated = this.asking;
    if (this.asking) return;
    this.asking = true;
    clearTimeout(this.again);
    const answers = await fetch(PROBE, {
      cache: "no-store",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    })
      .then(({ ok }) => ok)
      .catch(() => false);
    this.asking = false;
    if (this.isOutdated) {
      this.look();
      return;
    }
    // The event "offline" can precede the loss of the network, and comes once.
    if (!answers || !navigator.onLine) this.again = setTimeout(() => this.look(), AGAIN_MS);
    if (answers !== this.isAway) return;
    this.awaySince = answers ? null : Date.now();
    this.listeners.forEach((listener) => listener(this.isAway));
  }
}

export const reach = new Reach();
