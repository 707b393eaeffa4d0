// @ts-check
// Saves the chart of an ended stream as PNG: viewers and messages, with gaps and events.

import { legendOf, pictureOf } from "./chart.js";
import { metricOf, nameWithUnit, unitOf } from "./metrics.js";
import { savePicture } from "./picture.js";
import { Series } from "./series.js";
import { date } from "./times.js";

const METRIC = "messages";

/**
 * Save the chart of a stream.
 * @param {string} name - the channel's name
 * @param {StreamColumns} stream
 */
export async function saveStream(name, stream) {
  const { range, from_ms: fromMs, until_ms: untilMs, marks } = stream;
  const series = new Series(range);
  series.merge({ ...stream, now_ms: untilMs, raw_from_ms: 0, effects: {}, summary: {} });
  const canvas = await pictureOf({
    columns: series.columns([METRIC, "viewers"]),
    bands: series.bands(),
    shades: [],
    marks,
    fromMs,
    untilMs,
    edgeMs: null,
    units: [unitOf(METRIC, range), "viewers"],
    decimals: metricOf(METRIC).decimals,
  });
  await savePicture({
    title: `${name}, stream of ${date(fromMs)}`,
    span: { fromMs, untilMs },
    subtitle: "",
    legend: legendOf([nameWithUnit(METRIC, range), "Viewers"]),
    plots: [{ title: "", canvas }],
    note: "Lines break and bands are hatched where the channel was not heard.",
    name: `twitchly-${name}-stream-${new Date(fromMs).toISOString().slice(0, 10)}`,
  });
}
