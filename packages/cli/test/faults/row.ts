/**
 * One row of the table: somebody speaks the fixture and presses stop, and meanwhile something dies, hangs or is not there.
 * Whatever it was, the same must hold in the end: one conversation, completed once; its summary, memories, tasks and webhook
 * once; no attempt spent; and every word that a quiet run understands, once, in the store, in what the device is told and on its screen.
 */
import { compareWords, JFK_WORDS, plainWords, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  closeStages,
  openStage,
  pressStop,
  type SharedSpeech,
  type Stage,
  type StageOptions,
  speak,
  startSharedSpeech,
} from "./stage.ts";

/** Rows mostly wait, but the first seconds of each are work. Every wait has a deadline; all of a row's together end in time. */
const ROW_LIMITS = { maxConcurrency: 2, testTimeout: 240_000 } as const;

export interface Row extends StageOptions {
  /** What is harmed and how; the name of the test is `what: when`. */
  readonly what: string;
  readonly when: string;
  /** Runs while somebody speaks and after; waits for its moment by itself. */
  readonly strike: (stage: Stage) => Promise<void>;
  /** How fast is spoken; 2 unless told otherwise. */
  readonly pace?: number;
  /** What the person does; unless told otherwise: speaks, waits until all is durable, presses stop. */
  readonly session?: (stage: Stage, pace: number) => Promise<void>;
  /** Where the device is gone before the end it hears nothing of it. */
  readonly hears?: 0;
  /** Its words cannot come but by repair. */
  readonly repaired?: true;
  /** Questions to the language model, at least, and requests to the receiver, where they are more than one of each. */
  readonly asked?: number;
  readonly posted?: number;
  /** What must hold besides. */
  readonly after?: (stage: Stage) => Promise<void> | void;
}

/** What every row is compared with. */
const QUIET: Row = { what: "nothing", when: "at all", roles: ["server", "pusher", "worker"], strike: async () => {} };

/** The tests of a file: its rows, two at a time, each with the words of one quiet run. The speech process is shared. */
export function testRows(rows: readonly Row[]): void {
  let speech: SharedSpeech;
  let quiet: Promise<readonly string[]>;
  beforeAll(async () => {
    speech = await startSharedSpeech();
    quiet = runRow(QUIET, speech);
    quiet.catch(() => {});
  });
  afterAll(async () => {
    await closeStages();
    await speech[Symbol.asyncDispose]();
  });
  vi.setConfig(ROW_LIMITS);
  describe.concurrent("every conversation is completed exactly once, with every word once", () => {
    it.for(rows)("$what: $when", async (row) => {
      const words = await runRow(row, speech);
      expectWords(words, await quiet);
    });
  });
}

/** Runs a row and returns the words it ended with. What its processes said last goes with a failure. */
async function runRow(row: Row, speech: SharedSpeech): Promise<readonly string[]> {
  await using stage = await openStage(speech, row);
  try {
    return await play(row, stage);
  } catch (error) {
    const said = row.roles.map((name) => `--- ${name}\n${stage.world.said(name).slice(-3_000)}`);
    throw new Error(`${row.what}: ${row.when}\n${said.join("\n")}`, { cause: error });
  }
}

async function play(row: Row, stage: Stage): Promise<readonly string[]> {
  const { device } = stage;
  await device.connect();
  const session = row.session ?? speakAndStop;
  // Neither is left running when the other fails: what it starts would outlive the stage.
  const ends = await Promise.allSettled([session(stage, row.pace ?? 2), row.strike(stage)]);
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join("; "));
  await allSettled(stage);
  const words = await expectOnce(stage, row);
  await row.after?.(stage);
  return words;
}

export async function speakAndStop(stage: Stage, pace: number): Promise<void> {
  await speak(stage, pace);
  await pressStop(stage);
}

/** Until the conversation is complete and no job has anything left to do. */
async function allSettled({ world, device }: Stage): Promise<void> {
  const look = async (): Promise<string> => {
    const conversations = await world.db.selectFrom("conversations").select(["id", "status"]).execute();
    const jobs = await world.db.selectFrom("jobs").select(["kind", "state"]).execute();
    return [
      ...conversations.map(({ id, status }) => `${id === device.id ? "conversation" : "another"} ${status}`),
      ...jobs.map(({ kind, state }) => `${kind} ${state}`),
    ].join(", ");
  };
  const isSettled = (seen: string): boolean =>
    seen.includes("conversation completed") && seen.includes("fanout") && !/queued|leased|blocked/u.test(seen);
  let seen = "";
  const settled = waitFor(
    "everything to settle",
    async () => {
      seen = await look().catch(String);
      return isSettled(seen);
    },
    60_000,
  );
  await settled.catch((error: unknown) => {
    throw new Error(`not settled: ${seen}`, { cause: error });
  });
}

async function expectOnce(stage: Stage, row: Row): Promise<readonly string[]> {
  const { world, device, llm, receiver } = stage;
  const { db } = world;
  const segments = await db.selectFrom("segments").select("text").orderBy("start_s").execute();
  const stored = wordsOf(segments);
  const jobs = await db.selectFrom("jobs").select(["kind", "state", "attempts"]).orderBy("kind").execute();
  const repaired = jobs.some(({ kind }) => kind === "repair");
  if (row.hears === undefined) {
    await waitFor("the news of it", () => device.heard("memory_created").length > 0, 60_000);
    const news = device.heard("memory_created").map(({ memory }) => [memory.id, wordsOf(memory.transcript_segments)]);
    expect(news).toEqual([[device.id, stored]]);
    // Words that come by repair, as on a machine too busy to say them in time, reach the device with the conversation.
    if (!repaired) expect(device.screen).toEqual(stored);
  }
  await onlyConversation(stage);

  if (row.repaired === true) expect(repaired).toBe(true);
  expect(jobs.filter(({ state, attempts }) => state !== "completed" || attempts !== 0)).toEqual([]);
  expect(jobs.map(({ kind }) => kind).filter((kind) => kind !== "repair")).toEqual(["fanout", "finalization"]);

  const ofIt = { conversation_id: device.id };
  expect(await db.selectFrom("memories").select("conversation_id").execute()).toEqual([ofIt]);
  expect(await db.selectFrom("action_items").select("conversation_id").execute()).toEqual([ofIt]);
  const deliveries = await db.selectFrom("deliveries").select(["conversation_id", "outcome"]).execute();
  expect(deliveries).toEqual([{ ...ofIt, outcome: "delivered" }]);
  expect(new Set(receiver.received.map(({ headers }) => headers["x-holdfast-delivery"])).size).toBe(1);
  expect(receiver.received).toHaveLength(row.posted ?? 1);
  // A machine so busy that a heartbeat is late may ask again.
  expect(llm.requests.length).toBeGreaterThanOrEqual(row.asked ?? 1);
  return stored;
}

/** The device leaves, and the page that was open for what it might say next goes with it. */
async function onlyConversation({ world, device }: Stage): Promise<void> {
  device.close();
  const conversations = () =>
    world.db
      .selectFrom("conversations")
      .select(["id", "status", "discarded", "finalization_revision", "completed_revision", "summary_kind"])
      .execute();
  await waitFor("the empty page to be gone", async () => (await conversations()).length === 1, 60_000);
  const once = { status: "completed", discarded: false, finalization_revision: 1, completed_revision: 1 };
  expect(await conversations()).toEqual([{ id: device.id, ...once, summary_kind: "llm" }]);
}

function wordsOf(segments: readonly { readonly text: string }[]): readonly string[] {
  return plainWords(segments.map(({ text }) => text).join(" "));
}

/** No word is missing, wrong or there twice that a quiet run has right. */
function expectWords(words: readonly string[], quiet: readonly string[]): void {
  const allowed = [...compareWords(JFK_WORDS, quiet).differences];
  const more = compareWords(JFK_WORDS, words).differences.filter((difference) => {
    const at = allowed.indexOf(difference);
    if (at !== -1) allowed.splice(at, 1);
    return at === -1;
  });
  expect(more, words.join(" ")).toEqual([]);
}
