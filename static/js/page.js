// The board page: its choice (board, channel, range), and what to update when it changes or a frame arrives.

import { changed, hrefOf, isPlainClick, onReturn, push, replace } from "./address.js";
import { Actions } from "./actions.js";
import { Board } from "./board.js";
import { ChannelView } from "./channel.js";
import { Connection } from "./connection.js";
import { constants, useConstants } from "./constants.js";
import { Dates } from "./dates.js";
import { bindFilters, markFiles, markFilters, markSizes } from "./filters.js";
import { Finder } from "./finder.js";
import { metricOf } from "./metrics.js";
import { Pace } from "./pace.js";
import { LiveSocket, liveUrl } from "./socket.js";
import { chosen, fitted, moved, pastRange, spanOf } from "./span.js";
import { markStars } from "./stars.js";
import { bindTabs, markDefinition, markRange, markTab } from "./tabs.js";
import { Viewers } from "./viewers.js";

// History is asked for again after this share of what it spans, once a minute at most.
const HISTORY_EVERY = 1 / 300;
const HISTORY_EVERY_MIN_MS = 60_000;
const HISTORY_EVERY_MAX_MS = 600_000;
const HISTORY_RETRY_MS = 10_000;
// The last hour's row is stored some seconds after that hour.
const ROWS_COME_FOR_MS = 3_700_000;
const ROWS_EVERY_MS = 2_000;
const NARROW = matchMedia("(max-width: 1079px)");

const $ = (id) => document.getElementById(id);
const start = JSON.parse($("start").textContent);
useConstants(start.constants);

// `choice` is what the address says; `shown` the channel on view, chosen or the first of its board.
let choice = start.choice;
let shown = start.channel?.id ?? null;
let clockAhead = start.now_ms - Date.now();
let hasFrame = false;
// The board whose first channel is on view: it stays when others pass it, until another board is opened.
let firstOf = start.channel ? boardOf(choice) : null;
let historyTimer = null;
let asking = null;
// Who the channels are that the board or the search has shown.
const known = new Map();
const clock = () => Date.now() + clockAhead;
const isFiltered = (one) => constants.filters.some((name) => one[name]);

// Where a zoom returns to: the dates that were chosen otherwise, none for a range up to now.
let unzoomed = { from: choice.from, until: choice.until };
const charted = () => choice.metric || choice.board;

const view = new ChannelView({
  ...start,
  onZoom: (span) => look(span, push),
  onMove: move,
  onReset: () => choose(unzoomed),
});
const actions = new Actions({
  state: () => ({ channel: shown && view.profile, choice, metric: charted(), span: view.span }),
});
const dates = new Dates({ clock, onChoose: chooseDates, onMove: move });
const board = new Board({
  list: $("list"),
  template: $("row"),
  skeleton: $("skeleton"),
  size: Number(choice.size),
  hrefOf: (channel) => hrefOf({ ...choice, channel }),
  onHold: showHold,
});
const pace = new Pace({ everyMs: ROWS_EVERY_MS, show: showRows });
const viewers = new Viewers({
  notes: document.querySelectorAll("[data-viewers-note]"),
  age: $("viewers-age"),
});
const socket = new LiveSocket(liveUrl(), {
  onError: showProblem,
  onSignedOut: signIn,
  onReturn: askHistory,
});
const connection = new Connection({
  badge: $("conn"),
  note: $("note"),
  clock,
  socket: () => ({ isOpen: socket.isOpen, tries: socket.tries, hasFrame }),
});

/** What frames of every kind tell. */
function hear(frame) {
  hasFrame = true;
  clockAhead = frame.now_ms - Date.now();
  connection.newestEndMs = frame.newest_end_ms ?? connection.newestEndMs;
  viewers.show(frame.viewers_at_ms, frame.display);
  $("late-dropped").textContent = frame.display.late_dropped;
}

function showProblem(reason) {
  connection.reason = reason;
  update();
}

function showBoardFrame(frame) {
  hear(frame);
  if (!shown) connection.reason = "";
  pace.take(frame);
  if (!choice.channel && firstOf !== boardOf(choice)) showFirst(frame.rows);
  update();
}

function showChannelFrame(frame) {
  hear(frame);
  const channel = frame.channels[shown];
  if (channel) {
    connection.reason = "";
    view.showLive(channel);
    view.showMarks(channel.marks);
  }
  update();
}

function watchBoard() {
  const { board: metric, size, category, language, band } = choice;
  socket.subscribe(
    "board",
    { kind: "board", metric, size: Number(size), category, language, band },
    showBoardFrame,
  );
}

function watchChannel() {
  socket.subscribe("channel", { kind: "channels", channels: [shown] }, showChannelFrame);
}

function showRows({ rows }) {
  rows.forEach((row) => known.set(row.id, row));
  const isEmpty = rows.length === 0;
  $("list").hidden = isEmpty;
  const needsViewers = viewers.empties(choice.board);
  $("board-unknown").hidden = !isEmpty || !needsViewers;
  $("board-none").hidden = !isEmpty || needsViewers || !isFiltered(choice);
  $("board-empty").hidden = !isEmpty || needsViewers || isFiltered(choice);
  $("board-away").hidden = true;
  board.show(rows, shown);
  markStars($("list"));
}

function showFirst(rows) {
  if (rows.length === 0) return;
  firstOf = boardOf(choice);
  showChannel(rows[0]);
}

/** Show a channel: its profile at once as far as the board has it, its history when it comes. */
function showChannel(profile) {
  shown = profile.id;
  $("channel").hidden = false;
  $("no-channel").hidden = true;
  view.open({ metric: charted(), range: rangeOf(choice), channel: profile });
  board.select(shown);
  entitle(profile);
  actions.update();
  watchChannel();
  askHistory();
}

function rangeOf({ range, from, until }) {
  const span = spanOf({ from, until });
  return span ? pastRange(span, start.ranges[range]) : start.ranges[range];
}

function entitle({ name }) {
  document.title = `${name} · ${metricOf(choice.board).label} · Twitchly`;
}

async function askHistory() {
  clearTimeout(historyTimer);
  asking?.abort();
  if (!shown || document.hidden) return;
  asking = new AbortController();
  const { signal } = asking;
  try {
    const { range, from, until } = choice;
    const query = new URLSearchParams({
      metric: charted(),
      ...(from ? { from, until } : { range }),
    });
    const answer = await fetch(`/channels/${shown}/series?${query}`, { signal });
    const body = await answer.json();
    if (answer.status === 401) signIn();
    else if (answer.ok) view.showHistory(body);
    else view.showProblem(body.reason);
    if (isOver(choice) && (answer.ok || answer.status === 400)) return;
    historyTimer = setTimeout(askHistory, answer.ok ? historyEveryMs() : HISTORY_RETRY_MS);
  } catch (error) {
    if (error.name === "AbortError") return;
    view.showProblem("History could not be loaded. Live data is still drawn. Retrying…");
    historyTimer = setTimeout(askHistory, HISTORY_RETRY_MS);
  }
}

function historyEveryMs() {
  if (view.waitsForHistory) return HISTORY_RETRY_MS;
  return Math.min(
    Math.max(view.series.range.span_ms * HISTORY_EVERY, HISTORY_EVERY_MIN_MS),
    HISTORY_EVERY_MAX_MS,
  );
}

/** Whether a span lies so far back that no row of it is still to come. */
function isOver({ until }) {
  return Boolean(until) && Date.parse(until) < clock() - ROWS_COME_FOR_MS;
}

function signIn() {
  location.assign(
    `/account/login/?next=${encodeURIComponent(location.pathname + location.search)}`,
  );
}

/** Follow a choice, from a click or from the back button. */
function apply(next) {
  const before = choice;
  choice = next;
  document.body.dataset.view = choice.channel ? "channel" : "list";
  if (boardOf(choice) !== boardOf(before)) showBoard();
  if (choice.metric !== before.metric && shown) showMetric();
  dates.show(choice, charted());
  actions.update();
  if (before.channel && !choice.channel && !NARROW.matches) firstOf = null;
  markTab($("tabs"), choice);
  markSizes($("sizes"), choice);
  markFilters($("filters"), choice);
  markFiles($("files"), choice);
  markRange($("ranges"), choice);
  if (choice.channel && choice.channel !== shown) openChosen(choice.channel);
  else if (isOtherTime(before) && shown) showTime();
}

const isOtherTime = (before) =>
  ["range", "from", "until"].some((name) => choice[name] !== before[name]);

/** Chart another metric: history is asked for those that are charted. */
function showMetric() {
  view.showMetric(charted());
  askHistory();
}

/** Show other times of the same channel: dates keep what is drawn until finer or other data comes. */
function showTime() {
  if (!choice.from) return showChannel(view.profile);
  view.look(rangeOf(choice));
  askHistory();
  return undefined;
}

function chooseDates(changes) {
  const metric = changes.metric === choice.board ? "" : (changes.metric ?? choice.metric);
  if ("from" in changes) unzoomed = { from: changes.from, until: changes.until };
  choose({ ...changes, metric });
}

/** Zoom or pan to a span; `keep` puts it in the address. */
function look(span, keep) {
  choose(chosen(fitted(span, clock(), constants.span_limits)), keep);
}

function move(kind) {
  if (kind === "later" && !choice.from) return;
  look(moved(view.span, kind, clock(), constants.span_limits), choice.from ? replace : push);
}

function openChosen(channel) {
  const name =
    $("list").querySelector(`[data-id="${CSS.escape(channel)}"] .nm`)?.textContent ??
    `channel ${channel}`;
  showChannel(known.get(channel) ?? { id: channel, name, category: "" });
}

/** Open what was searched for: the board may never have shown it. */
function openFound(profile) {
  known.set(profile.id, profile);
  choose({ channel: profile.id });
}

function showBoard() {
  markDefinition($("definitions"), choice.board);
  document.querySelectorAll("[data-method]").forEach((link) => (link.hash = choice.board));
  $("unit").textContent = metricOf(choice.board).unit;
  pace.reset();
  board.showLoading(Number(choice.size));
  $("list").hidden = false;
  for (const id of ["board-empty", "board-none", "board-unknown"]) $(id).hidden = true;
  if (shown) showMetric();
  if (shown) entitle(view.profile);
  watchBoard();
}

/** The board that a choice names, to tell it from others. */
function boardOf({ board: metric, size, category, language, band }) {
  return JSON.stringify([metric, size, category, language, band]);
}

function choose(changes, keep = push) {
  const next = changed(choice, changes);
  if (hrefOf(next) !== hrefOf(choice)) keep(next);
  apply(next);
}

function showHold(held) {
  $("hold").textContent = held ? $("hold").dataset.held : $("hold").dataset.live;
  pace.hold(held);
}

function update() {
  const isStale = connection.update() === "stale";
  document.body.classList.toggle("is-standing", isStale);
  viewers.update(clock());
  if (shown) view.showAge(isStale, clock());
}

$("list").addEventListener("click", (event) => {
  const link = event.target.closest("a.brow");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  choose({ channel: link.parentElement.dataset.id });
  if (NARROW.matches) {
    scrollTo(0, 0);
    $("main").focus();
  }
});
$("ranges").addEventListener("click", (event) => {
  const link = event.target.closest("[data-range]");
  if (!link || !isPlainClick(event)) return;
  event.preventDefault();
  chooseDates({ range: link.dataset.range, from: "", until: "" });
});
$("back").addEventListener("click", (event) => {
  if (!isPlainClick(event)) return;
  event.preventDefault();
  choose({ channel: "" });
  scrollTo(0, 0);
});
$("table")
  .closest("details")
  .addEventListener("toggle", () => view.series && view.writeTable());
bindTabs($("tabs"), (key) => choose({ board: key, metric: "" }));
bindFilters({ form: $("filters"), sizes: $("sizes"), clear: $("clear"), onChoose: choose });
new Finder($("find"), { metric: () => choice.board, onOpen: openFound });
onReturn(choice, (next) => {
  if (!next.from) unzoomed = chosen(null);
  apply(next);
});

connection.newestEndMs = start.newest_end_ms;
viewers.show(start.viewers_at_ms, start.display);
if (start.channel) {
  view.open({ metric: charted(), range: start.shown, channel: start.channel });
  view.showLive(start.channel);
  if (start.series) view.showHistory(start.series);
  else askHistory();
  if (start.series && !isOver(choice)) historyTimer ??= setTimeout(askHistory, historyEveryMs());
}
dates.show(choice, charted());
if (shown) actions.update();
watchBoard();
if (shown) watchChannel();
setInterval(() => document.hidden || update(), 1000);
