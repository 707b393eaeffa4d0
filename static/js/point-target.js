// @ts-check
// Keyboard control of a chart's readout.

/**
 * Return the index of the point that a key selects among `count` points, or undefined for other keys.
 * @param {KeyboardEvent} event
 * @param {number} count
 * @param {number} at
 */
export function pointTarget({ key, shiftKey }, count, at) {
  const step = shiftKey ? 10 : 1;
  const places = new Map([
    ["ArrowLeft", at - step],
    ["ArrowRight", at + step],
    ["Home", 0],
    ["End", count - 1],
  ]);
  const place = places.get(key);
  return count === 0 || place === undefined ? undefined : Math.min(count - 1, Math.max(0, place));
}
