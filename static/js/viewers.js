// How far viewer counts can be trusted, by the rules of apps/live/freshness.py, and the notes that say so.

export const NEED_VIEWERS = new Set(["viewers", "engagement"]);

export class Viewers {
  /** `limits`: stale_s and unknown_s; `notes`: the elements that tell, each with a <b> and a <span>. */
  constructor({ limits, notes, age }) {
    Object.assign(this, { limits, notes, age });
    this.atMs = null;
  }

  /** Show how old the counts are at `nowMs`, and return "fresh", "stale" or "unknown". */
  update(nowMs, writeAge) {
    const freshness = this.freshness(nowMs);
    const [strong, text] = words(freshness, this.ageMs(nowMs));
    for (const note of this.notes) {
      note.hidden = freshness === "fresh";
      write(note.querySelector("b"), strong);
      write(note.querySelector("span"), text);
    }
    write(this.age, this.atMs === null ? "–" : writeAge(this.ageMs(nowMs)));
    return freshness;
  }

  /** Say whether a board is empty because nobody's viewers are known. */
  empties(board, nowMs) {
    return NEED_VIEWERS.has(board) && this.freshness(nowMs) === "unknown";
  }

  ageMs(nowMs) {
    return this.atMs === null ? 0 : nowMs - this.atMs;
  }

  freshness(nowMs) {
    const ageS = this.ageMs(nowMs) / 1000;
    if (ageS > this.limits.unknown_s) return "unknown";
    return ageS > this.limits.stale_s ? "stale" : "fresh";
  }
}

function words(freshness, ageMs) {
  const minutes = Math.floor(ageMs / 60_000);
  if (freshness === "unknown") {
    return [
      "Viewers are unknown.",
      `Twitch has sent no viewer counts for ${minutes} min. Chat is still counted.`,
    ];
  }
  return [
    `Viewer counts are ${minutes} min old.`,
    "Twitch has not sent newer ones. Chat is still counted.",
  ];
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
