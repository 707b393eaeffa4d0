// @ts-check
// How deep an audience is, by the rules of core/metrics/audience_depth.py.

/** Different writers of the past 30 s per 1,000 viewers. */
export function chattersPerThousand({ chatters, viewers }) {
  return chatters == null || !viewers ? null : chatters / (viewers / 1000);
}

/** Mean messages of a writer over the past 30 s. */
export function messagesPerChatter({ messages, chatters }) {
  return messages == null || !chatters ? null : messages / chatters;
}
