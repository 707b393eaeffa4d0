// @ts-check
// The selected board: its list (or the reason why it is empty), its definition and its unit.

import { Board } from "./board.js";
import { constants } from "./constants.js";
import { $, byId } from "./dom.js";
import { metricOf, windowOf } from "./metrics.js";
import { Pace } from "./pace.js";
import { markStars } from "./stars.js";
import { markDefinition, markMethod } from "./tabs.js";
import { Viewers } from "./viewers.js";

const ROWS_EVERY_MS = 2_000;

export class BoardView {
  /**
   * Channels that have appeared on the board or in search results.
   * @type {Map<string, Profile>}
   */
  known = new Map();
  viewers = new Viewers($("viewers-age"));
  isPaused = false;

  /**
   * @param {object} options
   * @param {() => Choice} options.choice
   * @param {() => string | null} options.shown - the id of the open channel
   * @param {(channelId: string) => string} options.hrefOf - the URL of a row
   */
  constructor({ choice, shown, hrefOf }) {
    this.choice = choice;
    this.shown = shown;
    this.board = new Board({
      list: $("list"),
      template: byId("row", HTMLTemplateElement),
      skeleton: byId("skeleton", HTMLTemplateElement),
      size: Number(choice().size),
      hrefOf,
      onPause: (isPaused) => this.showPause(isPaused),
    });
    /** @type {Pace<Row[]>} */
    this.pace = new Pace({ everyMs: ROWS_EVERY_MS, show: (rows) => this.showRows(rows) });
  }

  /** @param {Row[]} rows */
  showRows(rows) {
    rows.forEach((row) => this.known.set(row.id, row));
    const choice = this.choice();
    const isEmpty = rows.length === 0;
    const needsViewers = this.viewers.isMissingFor(choice.board);
    const isFiltered = constants.filters.some((name) => choice[name]);
    $("list").hidden = isEmpty;
    $("board-unknown").hidden = !isEmpty || !needsViewers;
    $("board-none").hidden = !isEmpty || needsViewers || !isFiltered;
    $("board-empty").hidden = !isEmpty || needsViewers || isFiltered;
    $("board-away").hidden = true;
    this.board.show(rows, this.shown());
    markStars($("list"));
  }

  /** Show that another board is loading. */
  showOther() {
    const { board, size } = this.choice();
    markDefinition($("definitions"), this.choice());
    markMethod(document, board);
    this.writeUpdates();
    $("unit").textContent = metricOf(board).unit;
    this.pace.reset();
    this.board.showLoading(Number(size));
    $("list").hidden = false;
    for (const id of ["board-empty", "board-none", "board-unknown"]) $(id).hidden = true;
  }

  /** @param {boolean} isPaused */
  showPause(isPaused) {
    this.isPaused = isPaused;
    this.writeUpdates();
    this.pace.pause(isPaused);
  }

  /** Write how often the board's values change, or that sorting is paused. */
  writeUpdates() {
    const hold = $("hold");
    hold.textContent = this.isPaused
      ? (hold.dataset.held ?? "")
      : constants.updates[windowOf(this.choice())];
  }

  /**
   * Return a channel from the board or the search results.
   * @param {string} id
   * @returns {Profile}
   */
  profileOf(id) {
    const row = $("list").querySelector(`[data-id="${CSS.escape(id)}"] .channel-name`);
    const name = row?.textContent ?? `channel ${id}`;
    return this.known.get(id) ?? { id, name, category: "" };
  }
}
