// @ts-check
// Requests for the open channel's history, repeated periodically and after a failure.

// History is reloaded each time this share of the chart's span has passed, but at most once a minute.
const EVERY = 1 / 300;
const EVERY_MIN_MS = 60_000;
const EVERY_MAX_MS = 600_000;
const RETRY_MS = 10_000;
// The row for the last hour is stored a few seconds after the hour ends.
const ALL_STORED_AFTER_MS = 3_700_000;

/**
 * @typedef {object} Request
 * @property {string} channel
 * @property {string} metric
 * @property {Choice} choice
 */

export class HistoryRequests {
  /** @type {number | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #pending = null;
  #options;

  /**
   * @param {object} options
   * @param {() => Request | null} options.request - null while no channel is open
   * @param {() => number} options.clock
   * @param {() => number | null} options.spanMs - the span of the chart, null until the first window
   * @param {(history: ChannelHistory) => void} options.onHistory
   * @param {(reason: string) => void} options.onProblem
   * @param {() => void} options.onSignedOut
   */
  constructor(options) {
    this.#options = options;
  }

  /** Request history now; a pending request is aborted. */
  async load() {
    clearTimeout(this.#timer);
    this.#pending?.abort();
    const request = this.#options.request();
    if (!request || document.hidden) return;
    this.#pending = new AbortController();
    try {
      const response = await fetch(urlOf(request), { signal: this.#pending.signal });
      this.#handle(response, await response.json());
      const isFinal = response.ok || response.status === 400;
      if (isFinal && this.#isOver(request.choice)) return;
      this.#loadIn(response.ok ? this.#everyMs() : RETRY_MS);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.#options.onProblem("History could not be loaded. Live data is still drawn. Retrying…");
      this.#loadIn(RETRY_MS);
    }
  }

  /** Request history again if the page's history is outdated. */
  loadLater() {
    const request = this.#options.request();
    if (request && !this.#isOver(request.choice)) this.#loadIn(this.#everyMs());
  }

  /**
   * @param {Response} response
   * @param {any} body - a ChannelHistory, or an object with the reason why there is none
   */
  #handle(response, body) {
    if (response.status === 401) this.#options.onSignedOut();
    else if (response.ok) this.#options.onHistory(body);
    else this.#options.onProblem(body.reason);
  }

  /** @param {number} ms */
  #loadIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.load(), ms);
  }

  #everyMs() {
    const spanMs = this.#options.spanMs();
    if (spanMs === null) return RETRY_MS;
    return Math.min(Math.max(spanMs * EVERY, EVERY_MIN_MS), EVERY_MAX_MS);
  }

  /**
   * Return whether a span is so far in the past that all of its rows are stored.
   * @param {Choice} choice
   */
  #isOver({ until }) {
    return Boolean(until) && Date.parse(until) < this.#options.clock() - ALL_STORED_AFTER_MS;
  }
}

/** @param {Request} request */
function urlOf({ channel, metric, choice: { range, from, until } }) {
  /** @type {Record<string, string>} */
  const time = from ? { from, until } : { range };
  return `/channels/${channel}/series?${new URLSearchParams({ metric, ...time })}`;
}
