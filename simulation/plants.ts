/**
 * Planted faults: mistakes that people make, put into a world on purpose, to see that the watch finds them. Each of them must be
 * found within a few seeds; a watch that finds nothing proves nothing. Those that are a mistake in SQL rewrite the statement
 * on its way to the database and say whether they found it.
 */
import type { Climate } from "./weather.ts";

export interface Plant {
  readonly name: string;
  /** What the watch must say. */
  readonly found: RegExp;
  /** Undefined where the statement is not the one to spoil. */
  readonly rewrite?: (sql: string) => string | undefined;
  /** The weather in which it shows soon. */
  readonly climate?: (climate: Climate) => Climate;
  /** The gateway acknowledges what it has received and not what is durable. */
  readonly acknowledgesOnReceipt?: boolean;
  /** The gateway does not see that its client ended the connection in order. */
  readonly missesGoodbyes?: boolean;
  /** The gateway accepts a batch before it has looked at it. */
  readonly acceptsOnReceipt?: boolean;
  /** The gateway says that it has no room, after it wrote the job. */
  readonly refusesWhatItTook?: boolean;
  /** The gateway does not look at the checksums of bytes. */
  readonly ignoresChecksums?: boolean;
  /** Our client library takes what was accepted for done. */
  readonly believesEarly?: boolean;
  /** Files that cannot be removed. */
  readonly keepsFiles?: RegExp;
}

/** Replaces in statements that touch a table; undefined where there is nothing to replace. */
export function spoil(touches: RegExp, what: RegExp, by: string): (sql: string) => string | undefined {
  return (sql) => {
    if (!touches.test(sql)) return undefined;
    const spoilt = sql.replace(what, by);
    return spoilt === sql ? undefined : spoilt;
  };
}

/** More of what makes the fault show, so that few worlds are enough; everything else is as the seed has it. */
export function worse(
  perMinute: Partial<Climate["perMinute"]>,
  over: Partial<Climate> = {},
): (climate: Climate) => Climate {
  return (climate) => ({ ...climate, ...over, perMinute: { ...(over.perMinute ?? climate.perMinute), ...perMinute } });
}

/** Of a job that is claimed. */
export const leaseRunsOutAtOnce = spoil(
  /with expired as/,
  /lease_until = (\$\d+),/,
  "lease_until = $1::timestamptz - interval '15 seconds',",
);

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
    climate: worse({ roam: 20, stop_gateway: 6 }, { gateways: 2, plain: 0 }),
    rewrite: (sql) =>
      spoil(/^update "recording_sessions"/, /and "epoch" = (\$\d+)/, 'and "epoch" >= $1')(sql) ??
      spoil(/^\s*with input/, /s\.epoch = i\.epoch/, "s.epoch >= i.epoch")(sql),
  },
  {
    name: "waiting costs an attempt",
    found: /spent an attempt/,
    climate: worse({ kill_speech: 12 }, { receiver: "broken" }),
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
  {
    name: "a lease is taken for an hour",
    found: /leased for longer than a lease/,
    rewrite: spoil(/with expired as/, /lease_until = (\$\d+),/, "lease_until = $1::timestamptz + interval '1 hour',"),
  },
  {
    name: "nobody sees work that is due",
    found: /is due and waits/,
    rewrite: spoil(/with expired as/, /state = 'queued' and/, "state = 'queued' and false and"),
  },
  {
    name: "leases run out at once, and whoever lost a job may finish it all the same",
    found: /was finished 2 times|was over and is|writes to job/,
    rewrite: (sql) =>
      leaseRunsOutAtOnce(sql) ??
      spoil(/^select 1 from jobs/, /state = 'leased' and lease_epoch = (\$\d+)/, "lease_epoch >= $1 - 1000")(sql) ??
      spoil(
        /^update "jobs" set/,
        /"state" = (\$\d+) and "lease_epoch" = (\$\d+)/,
        `"state" in ('completed', 'queued', $1) and "lease_epoch" >= $2 - 1000`,
      )(sql),
  },
  {
    name: "a job ends and its conversation does not",
    found: /without an open job/,
    rewrite: spoil(/^update "conversations" set "status" = \$1, "structured"/, / where /, " where false and "),
  },
  {
    name: "a conversation is opened again when its repair is done",
    found: /went back from processing to in_progress/,
    rewrite: spoil(/^update "conversations" set "state_reason"/, / set /, ` set "status" = 'in_progress', `),
  },
  {
    name: "a summary does not wait for the words of repairs",
    found: /joined conversation/,
    rewrite: (sql) =>
      spoil(
        /^insert into "jobs" \("user_id", "id", "kind", "state"/,
        /values \((\$\d+), (\$\d+), (\$\d+), (\$\d+)/,
        "values ($1, $2, $3, case when $4 = 'blocked' then 'queued' else $4 end",
      )(sql) ?? spoil(/^select "c"."status", "j"."state"/, /"j"."state"/, `'blocked' as "state"`)(sql),
  },
  {
    name: "a segment that grows forgets how it began",
    found: /is gone/,
    rewrite: spoil(/^insert into "segments"/, /else excluded\.text end/, "else right(excluded.text, 12) end"),
  },
  {
    name: "a segment grows over words that are still to come",
    found: /out of order|is gone/,
    climate: worse({ roam: 20, kill_speech: 12, kill_gateway: 6 }, { stormMs: 40_000 }),
    rewrite: spoil(/ as may$/, /select (exists.*) as may/s, "select false and ($1) as may"),
  },
  {
    name: "the next socket begins at the first message again",
    found: /watermark went back/,
    rewrite: spoil(
      /^insert into "recording_sessions"/,
      /else recording_sessions\.transcribed_messages end/,
      "else 0 end",
    ),
  },
  {
    name: "nobody remembers who was told",
    found: /is told of again/,
    climate: worse({ kill_pusher: 30 }, { stormMs: 60_000, receiver: "fine", databaseMs: 200, restartMs: 500 }),
    rewrite: spoil(/ from "deliveries" where /, / from "deliveries" where /, ' from "deliveries" where false and '),
  },
  {
    name: "nobody is told",
    found: /nobody was told/,
    rewrite: spoil(/^select "type" from "webhooks"/, / where /, " where false and "),
  },
  {
    name: "somebody is told before the words are read",
    found: /is told of without its words/,
    rewrite: spoil(/^select "body" from "segments"/, / where /, " where false and "),
  },
];
