// @ts-check
// A sparkline: five minutes in levels, as apps/live/recent_history.py writes them, to a path in a box of 60 by 36.

const LEVELS = "0123456789abcdefghijklmnopqrstuvwxyz";
const STEP = 2;

/** The path of a sparkline, by templatetags/boards.py; a moment without a value breaks the line. */
export function sparkPath(levels) {
  let path = "";
  let before = ".";
  [...levels].forEach((level, i) => {
    if (level !== ".")
      path += `${before === "." ? "M" : "L"}${i * STEP} ${LEVELS.length - LEVELS.indexOf(level)}`;
    // A moment between two gaps is a dot.
    if (level !== "." && before === "." && (levels[i + 1] ?? ".") === ".") path += "h0";
    before = level;
  });
  return path;
}
