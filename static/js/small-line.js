// @ts-check
// A small line without axes, as the path of an SVG: the same as apps/dashboard/sparkline.py.

const WIDTH = 240;
const HEIGHT = 48;
const BROKEN_AFTER = 1.5;

/** The path of `points`, each [at, value], over [fromMs, untilMs]; a pause breaks it. Empty without points. */
export function linePath(points, fromMs, untilMs, stepMs) {
  const top = Math.max(0, ...points.map(([, value]) => value)) || 1;
  return points
    .map(([atMs, value], i) => {
      const x = ((atMs - fromMs) / (untilMs - fromMs)) * WIDTH;
      const y = HEIGHT - 2 - (value / top) * (HEIGHT - 4);
      const goesOn = i > 0 && atMs - points[i - 1][0] <= BROKEN_AFTER * stepMs;
      return `${goesOn ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join("");
}
