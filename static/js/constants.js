// @ts-check
// Constants that Python defines and the page passes as JSON: see apps/dashboard/script.py.

export const constants = /** @type {Constants} */ ({});

/**
 * Take over the constants of the page.
 * @param {Partial<Constants>} given
 */
export function useConstants(given) {
  Object.assign(constants, given);
}
