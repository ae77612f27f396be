/**
 * How long a batch of one megabyte takes from the first byte sent to its 202, with an empty queue and behind 100,000 jobs that
 * wait, half of them the sender's own.
 */
import { randomFillSync } from "node:crypto";
import { sql } from "kysely";
import { Delays, line, spread } from "../pipeline/figures.ts";
import { type Stack, startStack } from "../pipeline/stack.ts";
import { sendBatch } from "./uploads.ts";

const MIB = 1024 * 1024;
const WARM_UP = 30;

export async function measureAccept(options: { readonly batches: number; readonly backlog: number }): Promise<void> {
  const stack = await startStack({ pusher: false, finalFrames: 250, frameSeconds: 0.02, transcript: "" });
  try {
    const [token = ""] = await stack.tokens(1);
    const base = `http://127.0.0.1:${stack.gateway.port}`;
    await accept(base, token, WARM_UP);
    console.log(
      line("a batch of 1 MiB, nothing waits", spread(await accept(base, token, options.batches)), "p99 50 ms"),
    );
    await fill(stack, options.backlog);
    // What 100,000 rows at once leave to be written and counted is not what a long queue costs.
    await sql`vacuum analyze jobs, sync_turns`.execute(stack.db);
    await sql`checkpoint`.execute(stack.db);
    await accept(base, token, WARM_UP);
    const behind = spread(await accept(base, token, options.batches));
    console.log(line(`a batch of 1 MiB, ${options.backlog} jobs wait`, behind, "p99 60 ms"));
  } finally {
    await stack.close();
  }
}

async function accept(base: string, token: string, batches: number) {
  const delays = new Delays();
  const bytes = Buffer.alloc(MIB);
  for (let n = 0; n < batches; n += 1) {
    randomFillSync(bytes);
    const began = performance.now();
    const { status, body } = await sendBatch(base, token, [bytes]);
    delays.add(performance.now() - began);
    if (status !== 202) throw new Error(`${status} ${body}`);
  }
  return delays.summary();
}

const PAGE_ROWS = 1_000;

async function fill({ db }: Stack, jobs: number): Promise<void> {
  const user = await db.selectFrom("users").select("id").executeTakeFirstOrThrow();
  const now = new Date();
  for (let at = 0; at < jobs; at += PAGE_ROWS) {
    const rows = Array.from({ length: Math.min(PAGE_ROWS, jobs - at) }, (_, n) => ({
      user_id: n % 2 === 0 ? user.id : `user-${n}`,
      id: crypto.randomUUID(),
      kind: "sync",
      state: "queued",
      lane: "backfill",
      rank: at / PAGE_ROWS,
      payload: JSON.stringify({ kind: "omi", source: "omi" }),
      due_at: now,
      created_at: now,
      updated_at: now,
    }));
    await db.insertInto("jobs").values(rows).execute();
  }
}
