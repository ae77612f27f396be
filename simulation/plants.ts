/**
 * Planted faults: mistakes that people make, put into a world on purpose, to see that the watch finds them. Each of them must be
 * found within a few seeds; a watch that finds nothing proves nothing. Those that are a mistake in SQL rewrite the statement
 * on its way to the database and say whether they found it.
 */

export interface Plant {
  readonly name: string;
  /** What the watch must say. */
  readonly found: RegExp;
  /** Undefined where the statement is not the one to spoil. */
  readonly rewrite?: (sql: string) => string | undefined;
  /** The gateway acknowledges what it has received and not what is durable. */
  readonly acknowledgesOnReceipt?: boolean;
}

/** Replaces in statements that touch a table; undefined where there is nothing to replace. */
function spoil(touches: RegExp, what: RegExp, by: string): (sql: string) => string | undefined {
  return (sql) => {
    if (!touches.test(sql)) return undefined;
    const spoilt = sql.replace(what, by);
    return spoilt === sql ? undefined : spoilt;
  };
}

export const PLANTS: readonly Plant[] = [
  { name: "audio is acknowledged before it is durable", found: /acknowledged/, acknowledgesOnReceipt: true },
  {
    name: "words are stored without moving the watermark",
    found: /stored twice/,
    rewrite: spoil(
      /^update "recording_sessions" set "transcribed_messages"/,
      /greatest\(transcribed_messages, least\((\$\d+), durable_messages\)\)/,
      "greatest(transcribed_messages, least($1, 0))",
    ),
  },
  {
    name: "the watermark runs ahead of the words",
    found: /behind the watermark|is lost/,
    rewrite: spoil(
      /^update "recording_sessions" set "transcribed_messages"/,
      /least\((\$\d+), durable_messages\)/,
      "least($1 + 20, durable_messages)",
    ),
  },
  {
    name: "a socket that was taken over may still write",
    found: /stored twice|is gone|out of order/,
    rewrite: (sql) =>
      spoil(/^update "recording_sessions"/, /and "epoch" = (\$\d+)/, 'and "epoch" >= $1')(sql) ??
      spoil(/^\s*with input/, /s\.epoch = i\.epoch/, "s.epoch >= i.epoch")(sql),
  },
  {
    name: "waiting costs an attempt",
    found: /spent an attempt/,
    rewrite: spoil(/^update "jobs" set "state"/, /"attempts" = (\$\d+)/, '"attempts" = $1::int + 1'),
  },
  {
    name: "nobody unblocks a finalisation when its repair is done",
    found: /blocked by nothing/,
    rewrite: spoil(/^update "jobs" set "state" = .* "state" = \$\d+ and not exists/, / where /, " where false and "),
  },
  {
    name: "the sweep of silent conversations finds nothing",
    found: /did not come to rest/,
    rewrite: spoil(/^\s*select c\.user_id, c\.id from conversations c/, / where /, " where false and "),
  },
  {
    name: "an expired lease is never taken again",
    found: /nobody takes it|did not come to rest/,
    rewrite: spoil(/with expired as/, /lease_until <= (\$\d+)/, "lease_until <= $1::timestamptz - interval '1 day'"),
  },
];
