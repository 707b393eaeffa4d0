// @ts-check
// The requests for the history of the open channel: again from time to time, and after a failure.

// History is asked for again after this share of what it spans, once a minute at most.
const EVERY = 1 / 300;
const EVERY_MIN_MS = 60_000;
const EVERY_MAX_MS = 600_000;
const RETRY_MS = 10_000;
// The last hour's row is stored some seconds after that hour.
const ROWS_COME_FOR_MS = 3_700_000;

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
  #asking = null;
  #options;

  /**
   * @param {object} options
   * @param {() => Request | null} options.request - null while no channel is open
   * @param {() => number} options.clock
   * @param {() => number | null} options.spanMs - how much the chart spans, null while the first window is to come
   * @param {(history: ChannelHistory) => void} options.onHistory
   * @param {(reason: string) => void} options.onProblem
   * @param {() => void} options.onSignedOut
   */
  constructor(options) {
    this.#options = options;
  }

  /** Ask now, in place of a request under way. */
  async ask() {
    clearTimeout(this.#timer);
    this.#asking?.abort();
    const request = this.#options.request();
    if (!request || document.hidden) return;
    this.#asking = new AbortController();
    try {
      const answer = await fetch(urlOf(request), { signal: this.#asking.signal });
      this.#take(answer, await answer.json());
      const isFinal = answer.ok || answer.status === 400;
      if (isFinal && this.#isOver(request.choice)) return;
      this.#askIn(answer.ok ? this.#everyMs() : RETRY_MS);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return;
      this.#options.onProblem("History could not be loaded. Live data is still drawn. Retrying…");
      this.#askIn(RETRY_MS);
    }
  }

  /** Ask again when the history that the page has is old. */
  askLater() {
    const request = this.#options.request();
    if (request && !this.#isOver(request.choice)) this.#askIn(this.#everyMs());
  }

  /**
   * @param {Response} answer
   * @param {any} body - a ChannelHistory, or the reason why there is none
   */
  #take(answer, body) {
    if (answer.status === 401) this.#options.onSignedOut();
    else if (answer.ok) this.#options.onHistory(body);
    else this.#options.onProblem(body.reason);
  }

  /** @param {number} ms */
  #askIn(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.ask(), ms);
  }

  #everyMs() {
    const spanMs = this.#options.spanMs();
    if (spanMs === null) return RETRY_MS;
    return Math.min(Math.max(spanMs * EVERY, EVERY_MIN_MS), EVERY_MAX_MS);
  }

  /**
   * Tell whether a span lies so far back that no row of it is still to come.
   * @param {Choice} choice
   */
  #isOver({ until }) {
    return Boolean(until) && Date.parse(until) < this.#options.clock() - ROWS_COME_FOR_MS;
  }
}

/** @param {Request} request */
function urlOf({ channel, metric, choice: { range, from, until } }) {
  /** @type {Record<string, string>} */
  const time = from ? { from, until } : { range };
  return `/channels/${channel}/series?${new URLSearchParams({ metric, ...time })}`;
}
