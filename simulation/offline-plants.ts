/** Planted faults of offline recordings; see `plants.ts`. Each world of theirs has telephones in it. */
import { leaseRunsOutAtOnce, type Plant, spoil, worse } from "./plants.ts";
import { type Climate, FAULT_KINDS } from "./weather.ts";

/** Two telephones, and what else makes the fault show. */
function offline(
  perMinute: Partial<Climate["perMinute"]> = {},
  over: Partial<Climate> = {},
): (climate: Climate) => Climate {
  return worse(perMinute, { phones: 2, ...over });
}

const STATEMENTS = { lost: 0, in_doubt: 0, killed_before: 0, killed_after: 0, stopped_after: 0 };
const NO_FAULTS = Object.fromEntries(FAULT_KINDS.map((kind) => [kind, 0])) as Climate["perMinute"];
const DISK = { full: 0, short: 0, killed_before: 0, killed_after: 0 };

const RESUMABLE = { resuming: 1 };

export const OFFLINE_PLANTS: readonly Plant[] = [
  {
    name: "a batch is accepted before its job is written",
    found: /was accepted and there is no job/,
    climate: offline(),
    acceptsOnReceipt: true,
  },
  {
    name: "the client library takes what was accepted for done",
    found: /the library is done and the word \w+ is not stored/,
    climate: offline({}, { library: 1, dropping: 0 }),
    believesEarly: true,
  },
  {
    name: "a batch is refused after its job was written",
    found: /what was refused has job/,
    // Whose answers were lost cannot know what was taken.
    climate: offline({}, { perMinute: NO_FAULTS, statements: STATEMENTS, disk: DISK }),
    refusesWhatItTook: true,
  },
  {
    name: "the progress of an upload runs ahead of its words",
    found: /and the word \w+ is not stored/,
    climate: offline({ kill_worker: 30 }, { restartMs: 500 }),
    rewrite: spoil(
      /^update "jobs" set "progress"/,
      /"progress" = (\$\d+)/,
      `"progress" = $1::jsonb || jsonb_build_object('done_samples',
        case when ($1::jsonb->>'done_samples')::int > 0 then ($1::jsonb->>'done_samples')::int + 48000 else 0 end)`,
    ),
  },
  {
    name: "an upload that lost something says completed",
    found: /hides what it lost/,
    climate: offline(),
    rewrite: spoil(
      /^update "jobs" set "state" = \$1, "result"/,
      /"state" = \$1/,
      `"state" = coalesce('completed', $1)`,
    ),
  },
  {
    name: "an upload fails without a reason",
    found: /does not say why|ended for/,
    climate: offline(),
    rewrite: spoil(
      /^update "jobs" set "state" = \$1, "result"/,
      /"state" = (\$1), "result" = (\$2), "reason_code" = (\$3)/,
      `"state" = case when kind = 'sync' then coalesce('failed', $1) else $1 end, "result" = $2,
        "reason_code" = nullif($3::text, $3)`,
    ),
  },
  {
    name: "a conversation keeps its words although they became part of another one",
    found: /stored twice/,
    climate: offline({}, { phones: 4 }),
    rewrite: spoil(/^delete from segments where user_id/, / where /, " where false and "),
  },
  {
    name: "nobody looks for the conversations in reach",
    found: /is divided/,
    climate: offline(),
    rewrite: spoil(
      /^\s*select c\.id, c\.started_at, c\.finished_at from conversations c/,
      / where /,
      " where false and ",
    ),
  },
  {
    name: "conversations reach ten minutes further",
    found: /is joined/,
    climate: offline(),
    rewrite: (sql) =>
      spoil(
        /^\s*select c\.id, c\.started_at, c\.finished_at from conversations c/,
        /c\.finished_at > (\$\d+)/,
        "c.finished_at > $1::timestamptz - interval '10 minutes'",
      )(sql) ??
      spoil(
        /^select c\.\* from conversations c/,
        /c\.\*/,
        "c.*, c.finished_at + interval '10 minutes' as finished_at",
      )(sql),
  },
  {
    name: "the words stay where they were when a conversation begins earlier",
    found: /at the wrong time/,
    climate: offline(),
    rewrite: spoil(/^update segments set start_s/, / where /, " where false and "),
  },
  {
    name: "the same batch gets a job each time",
    found: /in work twice/,
    climate: offline(),
    rewrite: spoil(/^insert into "sync_contents"/, / do nothing/, ` do update set "job_id" = excluded."job_id"`),
  },
  {
    name: "a job that is in doubt is taken for none",
    found: /bytes of job|in work twice/,
    climate: offline({}, { statements: { ...STATEMENTS, in_doubt: 0.1 } }),
    rewrite: spoil(/^select \* from "jobs" where "user_id" = \$1 and "id" = \$2$/, / where /, " where false and "),
  },
  {
    name: "a dropped file is taken for one that begins a second later",
    found: /is at the wrong time: off by 1000 ms/,
    climate: offline({}, { dropping: 1 }),
    rewrite: spoil(
      /^insert into "upload_files"/,
      /values \((\$\d+, \$\d+, \$\d+), (\$\d+), (\$\d+, \$\d+, \$\d+), (\$\d+)\)/,
      "values ($1, $2, $3, $4::timestamptz + case when $2 like '%.wav' then interval '1 second' else interval '0' end)",
    ),
  },
  {
    name: "an offset is told before its bytes are durable",
    found: /says \d+ bytes and has/,
    climate: offline({}, RESUMABLE),
    rewrite: spoil(
      /^update "resumable_uploads" set "received"/,
      /"received" = (\$\d+)/,
      `"received" = least($1 + 1000, length)`,
    ),
  },
  {
    name: "bytes count although they are not those of their checksum",
    found: /took bytes that were not those of their checksum/,
    climate: offline({}, RESUMABLE),
    ignoresChecksums: true,
  },
  {
    name: "nobody makes a job of what was whole when its process died",
    found: /upload \S+ is whole/,
    climate: offline({ lose_device: 60 }, { ...RESUMABLE, phones: 4, databaseMs: 200 }),
    rewrite: spoil(/^select \* from resumable_uploads u/, / where /, " where false and "),
  },
  {
    name: "bytes of uploads stay that were given up",
    found: /nobody owns/,
    climate: offline({ cut: 20 }, RESUMABLE),
    keepsFiles: /resumable/,
  },
  {
    name: "what is refused stays in the staging place",
    found: /left bytes behind/,
    climate: offline({}, { disk: { ...DISK, full: 0.2 } }),
    keepsFiles: /staging/,
  },
  {
    name: "what is refused stays in the folder of its job",
    found: /left the files of no job behind/,
    climate: offline({}, { disk: { ...DISK, full: 0.15 } }),
    keepsFiles: /objects\/uploads/,
  },
  {
    name: "nobody sweeps the bytes of those who died",
    found: /nobody owns the bytes/,
    climate: offline({}, { disk: { ...DISK, killed_after: 0.05 } }),
    rewrite: spoil(/^select id from unnest/, / where /, " where false and "),
  },
  {
    name: "an upload ends and its conversations do not",
    found: /without an open job/,
    climate: offline(),
    rewrite: spoil(/^select "upload_job_id" from "conversations"/, / where /, " where false and "),
  },
  {
    name: "whoever lost an upload goes on writing to it",
    found: /writes to job/,
    climate: offline({}, { workers: 2, phones: 4 }),
    rewrite: (sql) =>
      leaseRunsOutAtOnce(sql) ??
      spoil(/^select 1 from jobs/, /lease_epoch = (\$\d+)/, "lease_epoch >= $1 - 1000")(sql) ??
      spoil(/^update "jobs" set "progress"/, /"lease_epoch" = (\$\d+)/, `"lease_epoch" >= $1 - 1000`)(sql),
  },
  {
    name: "an upload that waits for a busy engine spends an attempt",
    found: /\(sync, .* spent an attempt/,
    climate: offline({}, { batchBusy: 0.6, batchContent: 0 }),
    rewrite: spoil(
      /^update "jobs" set "state"/,
      /"attempts" = (\$\d+)/,
      `"attempts" = $1::int + case when kind = 'sync' then 1 else 0 end`,
    ),
  },
  {
    name: "no user ever has a turn",
    found: /\(sync, queued, .* is due and waits/,
    climate: offline(),
    rewrite: spoil(/with expired as/, /ready_at <= (\$\d+)/g, "ready_at <= $1 and false"),
  },
];
