// @ts-check
// Limits how often frames are shown, so that order and values change together; shows none while the list is in use.

// Frames arrive about once a second.
const JITTER_MS = 500;

/** @template T */
export class Pace {
  /** @type {T | null} */
  #waiting = null;
  #shownMs = -Infinity;
  #isPaused = false;
  /** @type {number | undefined} */
  #timer;
  #everyMs;
  #show;
  #clock;

  /**
   * Call `show` with the newest frame, at most once every `everyMs`.
   * @param {object} options
   * @param {number} options.everyMs
   * @param {(frame: T) => void} options.show
   * @param {() => number} [options.clock] - monotonic, in ms
   */
  constructor({ everyMs, show, clock = () => performance.now() }) {
    this.#everyMs = everyMs;
    this.#show = show;
    this.#clock = clock;
  }

  /** Drop the pending frame and show the next one at once, because another board is selected. */
  reset() {
    clearTimeout(this.#timer);
    this.#waiting = null;
    this.#shownMs = -Infinity;
  }

  /**
   * Queue the newest frame.
   * @param {T} frame
   */
  push(frame) {
    this.#waiting = frame;
    this.#next();
  }

  /**
   * Pause while `isPaused`; the newest frame is shown afterward.
   * @param {boolean} isPaused
   */
  pause(isPaused) {
    this.#isPaused = isPaused;
    this.#next();
  }

  #next() {
    clearTimeout(this.#timer);
    if (this.#waiting === null || this.#isPaused) return;
    const waitMs = this.#shownMs + this.#everyMs - this.#clock();
    if (waitMs > JITTER_MS) {
      this.#timer = setTimeout(() => this.#flush(), waitMs + JITTER_MS);
      return;
    }
    this.#flush();
  }

  #flush() {
    const frame = this.#waiting;
    if (frame === null) return;
    this.#waiting = null;
    this.#shownMs = this.#clock();
    this.#show(frame);
  }
}
