// Data that the server sends: constants, data of pages, frames of the live socket, and JSON responses.

/** See apps/dashboard/script.py. */
interface Metric {
  /** The title of the metric's board. */
  label: string;
  name: string;
  /** The unit of live values. */
  unit: string;
  /** The units on charts, by the length of their windows. */
  units: Record<string, string>;
  /** The units as written after the metric's name; "" if a unit only repeats the name. */
  name_units: Record<string, string>;
  decimals: number;
  /** The reason why a live window has no value. */
  empty: string;
  /** An explanation of how longer windows are computed. */
  longer: string;
  /** Whether a maximum over a range is meaningful. */
  has_peak: boolean;
  is_count: boolean;
  from_helix: boolean;
  needs_viewers: boolean;
  distinct: boolean;
  by_length: boolean;
  /** Whether the metric is undefined for windows longer than 30 s. */
  only_live: boolean;
  /** Whether the metric also has a 5-minute board. */
  is_ratio: boolean;
}

interface SpanLimits {
  earliest_ms: number;
  span_ms: number;
}

/** `defaults` and the constants after it exist on the board page only. */
interface Constants {
  metrics: Record<string, Metric>;
  /** The text for an unknown value. */
  absent: string;
  /** The prefix of a lower bound. */
  lower_bound: string;
  /** Coverage at or above this counts as complete. */
  complete_from: number;
  stale_after_ms: number;
  gone_after_ms: number;
  /** The code with which the server closes a socket without a session. */
  not_signed_in: number;
  /** The reason for a gap in which the channel was on air, but not tracked. */
  no_data: string;
  /** The source of the data. */
  source: { name: string; is_simulated: boolean };
  /** The maximum number of channels in a subscription. */
  channels_max: number;
  defaults: Choice;
  filters: Filter[];
  span_limits: SpanLimits;
  table_rows: number;
  gaps_shown: number;
  lines_shown: number;
  /** The labels of events, by kind. */
  labels: Record<string, string>;
  /** The icon paths of events, by kind. */
  shapes: Record<string, string>;
  /** The group that each kind of event is listed in. */
  groups: Record<string, string>;
  /** The kinds of events that are summed. */
  summed: string[];
  /** The smallest sum that is notable, by kind. */
  noted_from: Record<string, number>;
  /** A sum is notable if it is at least this many times the median. */
  noted_times: number;
  /** The note below a board, by its window. */
  updates: Record<string, string>;
}

type Filter = "category" | "language" | "band";
type ChoiceName = Filter | "board" | "window" | "size" | "channel" | "range" | "metric" | "from" | "until";
/** The parameters of the board page's URL, "" for those that are not set. */
type Choice = Record<ChoiceName, string>;
type Changes = Partial<Choice>;

interface Profile {
  id: string;
  name: string;
  category: string;
  language?: string;
  language_name?: string;
  login?: string;
  title?: string;
  started_at?: string;
  is_offline?: boolean;
}

/** See apps/live/display.py. */
interface Move {
  sign: string;
  words: string;
  css: string;
}

interface RowDisplay {
  value: string;
  state: string;
  details: string;
  move: Move;
  spark: string;
  is_stale: boolean;
  is_partial: boolean;
}

interface ChannelDisplay {
  values: Record<string, string>;
  notes: Record<string, string>;
  coverage: string;
  excluded: string;
  chatters_per_thousand: string;
  messages_per_chatter: string;
}

interface ReadingDisplay {
  viewers: "fresh" | "stale" | "unknown";
  viewers_title: string;
  viewers_text: string;
  late_dropped: string;
}

/** A row of a board. */
interface Row extends Profile {
  display: RowDisplay;
}

/** The newest live window of a channel. */
interface LiveWindow {
  end_ms: number | null;
  coverage: number;
  values: Record<string, number>;
  distinct_end_ms?: number | null;
  distinct_coverage?: number | null;
}

interface Channel extends Profile, LiveWindow {
  display: ChannelDisplay;
}

interface Frame {
  now_ms: number;
  newest_end_ms: number | null;
  viewers_at_ms: number | null;
  display: ReadingDisplay;
}

interface BoardFrame extends Frame {
  rows: Row[];
}

interface ChannelsFrame extends Frame {
  channels: Record<string, Channel & { marks: EventMark[] | null }>;
}

interface EventMark {
  id: string;
  at_ms: number;
  until_ms: number | null;
  kind: string;
  count: number | null;
  label: string;
}

/** A time span in a response. */
interface Stretch {
  from_ms: number;
  until_ms: number;
}

interface Gap extends Stretch {
  reason: string;
  length: string;
}

interface ChartRange {
  key: string;
  label: string;
  span_ms: number;
  step_ms: number;
  merge_ms: number;
  until_ms: number | null;
  length: string;
}

interface Summary {
  peak: string;
  peak_value: number | null;
  peak_name: string;
  has_live_peak: boolean;
  peak_ms: number | null;
  peak_note: string;
  peak_unit: string;
  average: string;
  average_unit: string;
  coverage: string;
  coverage_on_air: string;
  heard: string;
  is_lower_bound: boolean;
}

interface ChannelHistory {
  range: ChartRange;
  now_ms: number;
  end_ms: number[];
  coverage: number[];
  values: Record<string, (number | null)[]>;
  gaps: Gap[];
  summary: Record<string, Summary>;
  raw_from_ms: number;
  marks: EventMark[];
  /** How chat and viewers changed around an event, by its id. */
  effects: Record<string, string>;
}

interface Note {
  id: number;
  at_ms: number;
  text: string;
  mark: EventMark;
}

interface PastStream {
  href: string;
  started_ms: number;
  texts: Record<string, string>;
}

interface PastStreams {
  streams: PastStream[];
  before_ms: number | null;
}

/** The chart of an ended stream, see apps/dashboard/channel/stream_chart.py. */
interface StreamColumns {
  from_ms: number;
  until_ms: number;
  range: ChartRange;
  end_ms: number[];
  coverage: number[];
  values: Record<string, (number | null)[]>;
  gaps: Gap[];
  /** The events that the chart marks. */
  marks: EventMark[];
}

interface Standing {
  key: string;
  percent: string;
  note: string;
}

interface Following {
  state: string;
  text: string;
  can_request: boolean;
  login: string;
}

/** A search result. */
interface Hit extends Profile {
  text: string;
}

/** A watchlist, and whether it contains a channel. */
interface HoldingList {
  id: number;
  name: string;
  holds: boolean;
}

interface ComparedMetric {
  values: (number | null)[];
  average: number | null;
  /** The text of the live value, null for a range in the past. */
  now: string | null;
  summary: Summary | null;
}

interface ComparedLine {
  id: string;
  name: string;
  number: number;
  zero_ms: number | null;
  step_ms: number | null;
  /** The averages of the range, as text. */
  viewers: string;
  engagement: string;
  end_ms: number[];
  coverage: number[];
  metrics: Record<string, ComparedMetric>;
  /** The previous period, with its own origin of the time axis. */
  previous: {
    zero_ms: number;
    end_ms: number[];
    values: Record<string, (number | null)[]>;
  } | null;
}

interface Comparison {
  now_ms: number;
  span_ms: number;
  /** The units of the values of `lines`, by metric, in the order of the charts. */
  units: Record<string, string>;
  choice: { align: "clock" | "stream"; scale: "values" | "index"; until: string | null };
  lines: ComparedLine[];
}

/** The data of a page, in its element `#start`. */
interface BoardStart {
  now_ms: number;
  newest_end_ms: number | null;
  viewers_at_ms: number | null;
  display: ReadingDisplay;
  choice: Choice;
  shown: ChartRange;
  channel: Channel | null;
  series: ChannelHistory | null;
  ranges: Record<string, ChartRange>;
  constants: Constants;
  notes: Note[];
}

interface WatchlistStart {
  lines_url: string;
  order_url: string;
  channels: string[];
  now_ms: number;
  constants: Partial<Constants>;
}

interface SharedStart {
  now_ms: number;
  metric: string;
  range: ChartRange;
  series_url: string;
  now_url: string;
  constants: Partial<Constants>;
}

interface SharedListStart {
  series_url: string;
  now_url: string;
  constants: Partial<Constants>;
}

interface ComparisonStart extends Comparison {
  /** The URL of a shared comparison's lines. */
  source?: string;
  constants: Partial<Constants>;
}

interface UsageData {
  by: "hour" | "day";
  limit: number | null;
  /** Times, requests, errors. */
  points: [number[], number[], number[]];
}
