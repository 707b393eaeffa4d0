// @ts-check
// Constants that Python defines and the page passes as JSON: see apps/dashboard/script.py.

export const constants = /** @type {Constants} */ ({});

/**
 * Set the constants from the page's data.
 * @param {Partial<Constants>} given
 */
export function useConstants(given) {
  Object.assign(constants, given);
}
