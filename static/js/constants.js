// @ts-check
// Constants that Python defines and the page passes as JSON: see apps/dashboard/script.py.

/**
 * @typedef {object} Metric
 * @property {string} label - the title of its board
 * @property {string} name
 * @property {string} unit - of live values
 * @property {Record<string, string>} units - on charts, by the length of their windows
 * @property {number} decimals
 * @property {string} empty - why a live window has no value
 * @property {string} longer - how longer windows are computed
 * @property {boolean} is_count
 * @property {boolean} from_helix
 * @property {boolean} needs_viewers
 * @property {boolean} distinct
 * @property {boolean} by_length
 *
 * @typedef {{ earliest_ms: number, span_ms: number }} SpanLimits
 *
 * @typedef {object} Constants - from `defaults` on of the board page alone
 * @property {Record<string, Metric>} metrics
 * @property {string} absent - the sign of an unknown value
 * @property {string} lower_bound - the sign before a lower bound
 * @property {number} stale_after_ms
 * @property {number} gone_after_ms
 * @property {number} not_signed_in - the code that closes a socket without a session
 * @property {number} channels_max - how many channels a subscription holds
 * @property {Record<string, string>} defaults - of the address
 * @property {string[]} filters
 * @property {SpanLimits} span_limits
 * @property {number} table_rows
 * @property {number} gaps_shown
 * @property {number} lines_shown
 * @property {Record<string, string>} labels - of events, by kind
 * @property {Record<string, string>} shapes - icon paths, by kind
 * @property {string[]} summed - the kinds of events that are summed
 * @property {Record<string, number>} noted_from - the least notable sum, by kind
 * @property {number} noted_times - how many times the median a notable sum is
 */

export const constants = /** @type {Constants} */ ({});

/**
 * Take over the constants of the page.
 * @param {Partial<Constants>} given
 */
export function useConstants(given) {
  Object.assign(constants, given);
}
