/**
 * Moments in the life of an offline job at which a row strikes, each seen from outside and none guessed: what the row of the job
 * says, which question the engine has, who waits for which lock.
 */
import { join } from "node:path";
import { advisoryHolderWaits, lockWaiters, startTcpGate, waitFor, withTableLocked } from "@holdfast/testkit";
import { expect } from "vitest";
import type { Stage } from "./stage.ts";

export async function expectBytes(stage: Stage): Promise<void> {
  expect(await stage.keptFiles()).toBe(stage.batch.length);
}

/** It stands still between two pieces of the first recording, and no engine was asked for anything. */
export async function whileDecoding(stage: Stage): Promise<void> {
  await stage.until("the first piece", ({ progress }) => Number(progress?.processed_segments) > 0);
  stage.worker.hang();
  const { state, progress } = await stage.job();
  expect([state, progress?.done_files, stage.speech.asked()]).toEqual(["leased", 0, 0]);
}

/** The engine has the question that is kept back, and everything before it is stored. */
export async function whileTranscribing(stage: Stage, processed: number): Promise<void> {
  await stage.speech.held();
  const { state, stage: at, progress } = await stage.job();
  expect([state, at, progress?.processed_segments]).toEqual(["leased", "decoding", processed]);
}

/**
 * The words of the piece that is kept back are written and not committed. `strike` is done while they are, with the row of the
 * job held, so that nobody can go on.
 */
export async function beforeAssigningCommit(stage: Stage, strike: () => Promise<void>): Promise<void> {
  const { db } = stage.world;
  await db.transaction().execute(async (trx) => {
    await trx.selectFrom("jobs").select("id").where("id", "=", stage.jobId).forUpdate().execute();
    stage.speech.letGo();
    await advisoryHolderWaits(db);
    await strike();
  });
}

/** Every word is committed, and the transaction that ends the job stands still in its middle. */
export async function beforeJobEnds(stage: Stage, strike: () => Promise<void>): Promise<void> {
  await lastWords(stage, "sync_contents", 1, strike);
}

/** The same, with its commit on its way to the database, and so is the worker's look for other jobs. */
export async function atJobsEnd(stage: Stage, strike: () => Promise<void>): Promise<void> {
  await lastWords(stage, "sync_turns", 2, strike);
}

async function lastWords(stage: Stage, table: string, stuckThere: number, strike: () => Promise<void>): Promise<void> {
  await withTableLocked(stage.world.db, table, async (stuck) => {
    stage.speech.letGo();
    await stuck(stuckThere);
    const { state, stage: told, progress } = await stage.job();
    expect([state, told, progress?.processed_segments]).toEqual(["leased", "processing", stage.batch.length]);
    await strike();
  });
}

/** Kills the worker with SIGKILL where it stands; another finds that its lease has run out. */
export async function killAndReplace(stage: Stage): Promise<void> {
  await expectBytes(stage);
  await stage.worker.kill();
  await stage.runOutLease();
  await stage.startWorker();
}

/**
 * A gateway whose connection breaks while its commit stands still in the database: whatever it believes then, the commit goes on
 * later, and the job has its bytes.
 */
export async function expectAcceptedUnheard(stage: Stage): Promise<void> {
  const { db, databaseUrl } = stage.world;
  const database = new URL(databaseUrl);
  await using gate = await startTcpGate(join(database.searchParams.get("host") ?? "", ".s.PGSQL.5432"));
  database.search = "";
  database.host = `127.0.0.1:${gate.port}`;
  await using gateway = await stage.startGateway({ DATABASE_URL: database.toString() });
  const turn = { user_id: stage.userId, lane: "fresh", turn_at: new Date() };
  await db.insertInto("sync_turns").values(turn).execute();
  const answer = await db.transaction().execute(async (trx) => {
    // What the end of the transaction writes; nobody else comes to it.
    await trx.selectFrom("sync_turns").select("lane").where("user_id", "=", stage.userId).forUpdate().execute();
    let isAnswered = false;
    const asked = stage.post(gateway.url).finally(() => {
      isAnswered = true;
    });
    await waitFor("the commit", async () => (await lockWaiters(db)) > 0);
    gate.cut();
    await waitFor(
      "the gateway to know, or to wait until it can",
      async () => isAnswered || (await lockWaiters(db)) > 1,
    );
    return { asked };
  });
  await stage.taken(await answer.asked);
  await stage.startWorker();
}
