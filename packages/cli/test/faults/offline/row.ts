/**
 * One row of the table of offline recordings: a user sends three recordings, and something dies, hangs, races or is full. Whatever
 * it was, the same must hold in the end: one job that is final and says so with the counts and the reason it must have, every
 * word that a quiet run understands once, in one conversation, no attempt spent, and no byte gone before the job was final.
 */
import { isTerminal } from "@holdfast/core";
import { compareWords, JFK_WORDS, plainWords, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Recording, spokenBatch } from "./batch.ts";
import { openStage, type Product, type Stage, startProduct } from "./stage.ts";

export interface Row {
  /** What is harmed and how; the name of the test is `what: when`. */
  readonly what: string;
  readonly when: string;
  /** Three recordings of speech, unless told otherwise. */
  readonly batch?: () => Promise<readonly Recording[]>;
  /** The number of the question to the engine that waits until the row lets it go. */
  readonly keeps?: number;
  /** Sends, starts workers and does harm. The job must end after it by itself. */
  readonly strike: (stage: Stage) => Promise<void>;
  /** How the job ends: `completed` without a loss, unless told otherwise. */
  readonly ends?: { readonly status: "partial_failure"; readonly lost: number; readonly errors: readonly string[] };
  /** What must hold besides. */
  readonly after?: (stage: Stage) => Promise<void> | void;
}

const QUIET: Row = {
  what: "nothing",
  when: "at all",
  async strike(stage) {
    await stage.startWorker();
    await stage.send();
  },
};

/** The tests of a file: its rows, one after the other in one product, each with the words of one quiet run. */
export function testRows(rows: readonly Row[]): void {
  let product: Product;
  let quiet: readonly string[];
  vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });
  beforeAll(async () => {
    product = await startProduct();
    quiet = await runRow(QUIET, product);
    expect(compareWords(JFK_WORDS, quiet).errors, quiet.join(" ")).toBeLessThanOrEqual(3);
  });
  afterAll(async () => await product?.[Symbol.asyncDispose]());
  describe("every recording is transcribed exactly once, or says why not", () => {
    it.for(rows)("$what: $when", async (row) => {
      expect(await runRow(row, product)).toEqual(quiet);
    });
  });
}

async function runRow(row: Row, product: Product): Promise<readonly string[]> {
  await using stage = await openStage(product, await (row.batch ?? spokenBatch)());
  try {
    stage.speech.begin(row.keeps);
    return await play(row, stage);
  } catch (error) {
    throw new Error(`${row.what}: ${row.when}\n${stage.said()}`, { cause: error });
  }
}

async function play(row: Row, stage: Stage): Promise<readonly string[]> {
  const watch = watchBytes(stage);
  try {
    await row.strike(stage);
    await stage.until("the end of the job", ({ state }) => isTerminal(state));
  } finally {
    watch.end();
  }
  expect(await watch.losses).toEqual([]);
  const words = await expectOnce(stage, row);
  await row.after?.(stage);
  return words;
}

/** Looks all the time: what is not there any more may only have gone because the job is final. */
function watchBytes(stage: Stage): { end(): void; readonly losses: Promise<readonly string[]> } {
  let isOver = false;
  const look = async (): Promise<string | undefined> => {
    const whole = await stage.wholeFiles();
    const { state } = await stage.job();
    return whole < stage.batch.length && !isTerminal(state) ? `${whole} files, ${state}` : undefined;
  };
  const watch = async (): Promise<readonly string[]> => {
    const losses: string[] = [];
    while (!isOver) {
      // There is no job yet, or no database.
      const loss = await look().catch(() => undefined);
      if (loss !== undefined) losses.push(loss);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return losses;
  };
  const losses = watch();
  return {
    end() {
      isOver = true;
    },
    losses,
  };
}

async function expectOnce(stage: Stage, row: Row): Promise<readonly string[]> {
  const { db } = stage.world;
  const total = stage.batch.length;
  const conversations = await db
    .selectFrom("conversations")
    .select("id")
    .where("user_id", "=", stage.userId)
    .where("deleted_at", "is", null)
    .execute();
  expect(conversations).toHaveLength(1);
  const { status, lost, errors } = row.ends ?? { status: "completed", lost: 0, errors: [] };
  const told = await stage.told();
  expect(told).toMatchObject({ status, lane: "fresh", processed_segments: told.total_segments, failed_segments: lost });
  expect(told.total_segments).toBeGreaterThanOrEqual(total);
  const ids = conversations.map(({ id }) => id);
  expect(told.result).toMatchObject({ new_memories: ids, updated_memories: [], failed_segments: lost, errors });
  expect([told.reason_code, told.error, told.retry_after]).toEqual([undefined, undefined, undefined]);

  const jobs = await db
    .selectFrom("jobs")
    .select(["kind", "state", "attempts"])
    .where("user_id", "=", stage.userId)
    .orderBy("kind")
    .execute();
  expect(jobs).toEqual([
    { kind: "finalization", state: "queued", attempts: 0 },
    { kind: "sync", state: status, attempts: 0 },
  ]);

  if (status === "completed") await waitFor("the bytes to go", async () => (await stage.files()).length === 0);
  else expect(await stage.keptFiles()).toBe(total);
  return await wordsOf(stage);
}

/** All words of the user, by time. */
async function wordsOf({ world, userId }: Stage): Promise<readonly string[]> {
  const rows = await world.db
    .selectFrom("segments")
    .select("text")
    .where("user_id", "=", userId)
    .orderBy("start_s")
    .execute();
  return plainWords(rows.map(({ text }) => text).join(" "));
}
