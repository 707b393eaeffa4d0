// @ts-check
// The board page: its state, and the updates when the choice changes or a frame arrives.

import { changed, hrefOf, isPlainClick, onReturn, push, replace } from "./address.js";
import { Actions } from "./actions.js";
import { BoardView } from "./board-view.js";
import { ChannelView } from "./channel.js";
import { Connection } from "./connection.js";
import { constants, useConstants } from "./constants.js";
import { Dates } from "./dates.js";
import { $, byId, closest, dataOf } from "./dom.js";
import { bindFilters, markFiles, markFilters, markSizes, markWindows } from "./filters.js";
import { Finder } from "./finder.js";
import { HistoryRequests } from "./history.js";
import { metricOf, windowOf } from "./metrics.js";
import { signIn } from "./sign-in.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { chosen, fitted, moved, pastRange, spanOf } from "./span.js";
import { bindTabs, markRange, markTab } from "./tabs.js";

const NARROW = matchMedia("(max-width: 1079px)");

/**
 * @typedef {import("./span.js").Span} Span
 * @typedef {import("./span.js").Move} Move
 */

class BoardPage {
  hasFrame = false;

  /** @param {BoardStart} start */
  constructor(start) {
    this.ranges = start.ranges;
    /** The choice stored in the URL. */
    this.choice = start.choice;
    /**
     * The id of the open channel: the chosen channel, or the first one on the board.
     * @type {string | null}
     */
    this.shown = start.channel?.id ?? null;
    /**
     * The board whose first channel is open. The channel stays open when other channels overtake it, until another
     * board is selected.
     * @type {string | null}
     */
    this.firstOf = start.channel ? boardOf(start.choice) : null;
    /** Whether the page, not the user, chose the open channel. If so, selecting another board replaces the channel. */
    this.isFirst = false;
    /** The dates to restore after a zoom; empty for a range that ends now. */
    this.unzoomed = { from: start.choice.from, until: start.choice.until };
    this.clockAhead = start.now_ms - Date.now();
    this.view = new ChannelView({
      range: start.shown,
      first: start.channel?.id,
      notes: start.notes,
      onZoom: (span) => this.showSpan(span, push),
      onMove: (move) => this.move(move),
      onReset: () => this.choose(this.unzoomed),
    });
    this.actions = new Actions(() => ({
      channel: this.view.profile,
      choice: this.choice,
      metric: this.charted,
      range: this.view.series.range,
      chart: this.view.chart,
      showsViewers: this.view.showsViewers,
      span: this.view.span ?? this.view.visibleSpan(),
    }));
    this.dates = new Dates({
      choice: this.choice,
      clock: () => this.clock(),
      onChoose: (changes) => this.chooseDates(changes),
      onMove: (move) => this.move(move),
    });
    this.boardView = new BoardView({
      choice: () => this.choice,
      shown: () => this.shown,
      hrefOf: (channel) => hrefOf({ ...this.choice, channel }),
    });
    this.history = new HistoryRequests({
      request: () =>
        this.shown === null
          ? null
          : { channel: this.shown, metric: this.charted, choice: this.choice },
      clock: () => this.clock(),
      spanMs: () => (this.view.waitsForHistory ? null : this.view.series.range.span_ms),
      onHistory: (history) => this.view.showHistory(history),
      onProblem: (reason) => this.view.showProblem(reason),
      onSignedOut: signIn,
    });
    this.socket = new LiveSocket(liveUrl(), {
      onError: (reason) => this.showProblem(reason),
      onSignedOut: signIn,
      onReturn: () => this.history.load(),
    });
    this.connection = new Connection({
      badge: $("conn"),
      note: $("note"),
      clock: () => this.clock(),
      socket: () => ({
        isOpen: this.socket.isOpen,
        tries: this.socket.tries,
        hasFrame: this.hasFrame,
      }),
    });
    this.connection.newestEndMs = start.newest_end_ms;
    this.boardView.viewers.show(start);
  }

  /** The metric of the chart. */
  get charted() {
    return this.choice.metric || this.choice.board;
  }

  /** The server's time, in ms. */
  clock() {
    return Date.now() + this.clockAhead;
  }

  /**
   * Show the page's channel and subscribe to the board.
   * @param {BoardStart} start
   */
  begin({ channel, series, shown }) {
    if (channel) {
      this.view.open(this.charted, shown, channel);
      this.view.showLive(channel);
      if (series) {
        this.view.showHistory(series);
        this.history.loadLater();
      } else this.history.load();
      if (!this.choice.channel) this.writeFirst(channel.id);
      this.actions.update();
      this.watchChannel(channel.id);
    }
    this.dates.mark(this.choice, this.charted);
    this.watchBoard();
    setInterval(() => document.hidden || this.update(), 1000);
  }

  // Frames

  /**
   * Process the fields that all kinds of frames have.
   * @param {Frame} frame
   */
  readFrame(frame) {
    this.hasFrame = true;
    this.clockAhead = frame.now_ms - Date.now();
    this.connection.newestEndMs = frame.newest_end_ms ?? this.connection.newestEndMs;
    this.boardView.viewers.show(frame);
    $("late-dropped").textContent = frame.display.late_dropped;
  }

  /** @param {BoardFrame} frame */
  showBoardFrame(frame) {
    this.readFrame(frame);
    if (!this.shown) this.connection.reason = "";
    this.boardView.pace.push(frame.rows);
    if (!this.choice.channel && this.firstOf !== boardOf(this.choice)) this.showFirst(frame.rows);
    this.update();
  }

  /** @param {ChannelsFrame} frame */
  showChannelFrame(frame) {
    this.readFrame(frame);
    const channel = this.shown ? frame.channels[this.shown] : undefined;
    if (channel) {
      this.connection.reason = "";
      this.view.showLive(channel);
      this.view.showMarks(channel.marks);
    }
    this.update();
  }

  /** @param {string} reason */
  showProblem(reason) {
    this.connection.reason = reason;
    this.update();
  }

  watchBoard() {
    const { board: metric, size, category, language, band } = this.choice;
    const over = windowOf(this.choice);
    this.socket.subscribe(
      "board",
      { kind: "board", metric, window: over, size: Number(size), category, language, band },
      (/** @type {BoardFrame} */ frame) => this.showBoardFrame(frame),
    );
  }

  /** @param {string} channel */
  watchChannel(channel) {
    this.socket.subscribe(
      "channel",
      { kind: "channels", channels: [channel] },
      (/** @type {ChannelsFrame} */ frame) => this.showChannelFrame(frame),
    );
  }

  update() {
    const isStale = this.connection.update() === "stale";
    document.body.classList.toggle("is-stale", isStale);
    this.boardView.viewers.update(this.clock());
    if (this.shown) this.view.showAge(isStale, this.clock());
  }

  showBoard() {
    this.boardView.showOther();
    if (this.shown) this.showMetric();
    if (this.view.profile) this.setTitle(this.view.profile);
    this.watchBoard();
  }

  // The channel

  /** @param {Row[]} rows */
  showFirst(rows) {
    if (rows.length === 0) return;
    this.firstOf = boardOf(this.choice);
    this.showChannel(rows[0]);
    this.writeFirst(rows[0].id);
  }

  /**
   * Write the first channel of the board to the URL, so that a reload or the back button opens the same channel. On a
   * narrow screen, a channel in the URL would hide the board.
   * @param {string} channel
   */
  writeFirst(channel) {
    if (NARROW.matches) return;
    this.isFirst = true;
    this.choice = changed(this.choice, { channel });
    replace(this.choice);
  }

  /**
   * Show a channel: the known part of its profile at once, its history when it arrives.
   * @param {Profile} profile
   */
  showChannel(profile) {
    this.shown = profile.id;
    $("channel").hidden = false;
    $("no-channel").hidden = true;
    this.view.open(this.charted, this.range, profile);
    this.boardView.board.select(profile.id);
    this.setTitle(profile);
    this.actions.update();
    this.watchChannel(profile.id);
    this.history.load();
  }

  /** The chosen range, or the range between the chosen dates. */
  get range() {
    const range = this.ranges[this.choice.range];
    const span = spanOf(this.choice);
    return span ? pastRange(span, range) : range;
  }

  /** @param {Profile} profile */
  setTitle({ name }) {
    document.title = `${name} · ${metricOf(this.choice.board).label} · Twitchly`;
  }

  /** Chart another metric and request its history. */
  showMetric() {
    this.view.showMetric(this.charted);
    this.history.load();
  }

  /** Show another time span of the same channel; known points stay until its history arrives. */
  showTime() {
    if (!this.choice.from && this.view.profile) {
      this.showChannel(this.view.profile);
      return;
    }
    this.view.showRange(this.range);
    this.history.load();
  }

  /**
   * Open a channel from the search results; it may not be on the board.
   * @param {Profile} profile
   */
  openFound(profile) {
    this.boardView.known.set(profile.id, profile);
    this.choose({ channel: profile.id });
  }

  // Choices

  /**
   * @param {Changes} changes
   * @param {(choice: Choice) => void} [writeUrl] - writes the choice to the URL
   */
  choose(changes, writeUrl = push) {
    if (changes.channel !== undefined) this.isFirst = false;
    const next = changed(this.choice, changes);
    if (hrefOf(next) !== hrefOf(this.choice)) writeUrl(next);
    this.apply(next);
  }

  /**
   * Choose another board, size or filter. Unless the user chose a channel, open the first channel on the new board.
   * @param {Changes} changes
   */
  chooseBoard(changes) {
    this.choose(this.isFirst ? { ...changes, channel: "" } : changes);
  }

  /** @param {Changes} changes */
  chooseDates(changes) {
    const metric = changes.metric === this.choice.board ? "" : changes.metric;
    const { from, until } = changes;
    if (from !== undefined && until !== undefined) this.unzoomed = { from, until };
    this.choose({ ...changes, metric: metric ?? this.choice.metric });
  }

  /**
   * Zoom or pan to a span.
   * @param {Span} span
   * @param {(choice: Choice) => void} writeUrl
   */
  showSpan(span, writeUrl) {
    this.choose(chosen(fitted(span, this.clock(), constants.span_limits)), writeUrl);
  }

  /** @param {Move} move */
  move(move) {
    const isPast = this.choice.from !== "";
    if (!this.view.span || (move === "later" && !isPast)) return;
    const span = moved(this.view.span, move, this.clock(), constants.span_limits);
    this.showSpan(span, isPast ? replace : push);
  }

  /**
   * Apply a choice, from a click or from the back button.
   * @param {Choice} next
   */
  apply(next) {
    const before = this.choice;
    this.choice = next;
    document.body.dataset.view = next.channel && !this.isFirst ? "channel" : "list";
    if (boardOf(next) !== boardOf(before)) this.showBoard();
    if (next.metric !== before.metric && this.shown) this.showMetric();
    if (before.channel && !next.channel && !NARROW.matches) this.firstOf = null;
    this.mark();
    if (next.channel && next.channel !== this.shown)
      this.showChannel(this.boardView.profileOf(next.channel));
    else if (isOtherTime(next, before) && this.shown) this.showTime();
  }

  /** Mark the current choice in all controls. */
  mark() {
    this.dates.show(this.choice, this.charted);
    this.actions.update();
    markTab($("tabs"), this.choice);
    markWindows($("windows"), this.choice);
    markSizes($("sizes"), this.choice);
    markFilters(byId("filters", HTMLFormElement), this.choice);
    markFiles($("files"), this.choice);
    markRange($("ranges"), this.choice);
  }

  // Bindings

  bind() {
    onPlainClick($("list"), "a.board-row", (link) => this.followRow(link));
    onPlainClick($("ranges"), "[data-range]", ({ dataset: { range = "" } }) =>
      this.chooseDates({ range, from: "", until: "" }),
    );
    onPlainClick($("back"), "a", () => {
      this.choose({ channel: "" });
      scrollTo(0, 0);
    });
    $("table")
      .closest("details")
      ?.addEventListener("toggle", () => this.view.profile && this.view.writeTable());
    bindTabs($("tabs"), (board) => this.chooseBoard({ board, metric: "" }));
    onPlainClick($("windows"), "[data-window]", ({ dataset }) =>
      this.chooseBoard({ window: dataset.window }),
    );
    bindFilters({
      form: byId("filters", HTMLFormElement),
      sizes: $("sizes"),
      clear: $("clear"),
      onChoose: (changes) => this.chooseBoard(changes),
    });
    new Finder(byId("find", HTMLFormElement), {
      board: () => ({ board: this.choice.board, window: windowOf(this.choice) }),
      onOpen: (profile) => this.openFound(profile),
    });
    onReturn(this.choice, (next) => {
      this.isFirst = false;
      if (!next.from) this.unzoomed = chosen(null);
      this.apply(next);
    });
  }

  /** @param {HTMLAnchorElement} link */
  followRow(link) {
    this.choose({ channel: link.parentElement?.dataset.id ?? "" });
    if (!NARROW.matches) return;
    scrollTo(0, 0);
    $("main").focus();
  }
}

/**
 * Call `follow` for plain clicks on the links in an element, instead of navigating.
 * @param {HTMLElement} element
 * @param {string} selector
 * @param {(link: HTMLAnchorElement) => void} follow
 */
function onPlainClick(element, selector, follow) {
  element.addEventListener("click", (event) => {
    const link = closest(event, selector, HTMLAnchorElement);
    if (!link || !isPlainClick(event)) return;
    event.preventDefault();
    follow(link);
  });
}

/**
 * Return a string that identifies the board of a choice, including its window, size and filters.
 * @param {Choice} choice
 */
function boardOf(choice) {
  const { board: metric, size, category, language, band } = choice;
  return JSON.stringify([metric, windowOf(choice), size, category, language, band]);
}

/**
 * @param {Choice} choice
 * @param {Choice} other
 */
function isOtherTime(choice, other) {
  return choice.range !== other.range || choice.from !== other.from || choice.until !== other.until;
}

/** @type {BoardStart} */
const start = dataOf("start");
useConstants(start.constants);
const page = new BoardPage(start);
page.bind();
page.begin(start);
