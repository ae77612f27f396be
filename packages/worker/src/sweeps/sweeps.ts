/**
 * What nobody's request moves (law L5): conversations that went silent while no session held them, audio of gateways that died,
 * audio and uploads that are no longer needed. Several workers may sweep at once; every row is decided by the store under its
 * own lock, and a row that fails is logged and left for the next time, so it stops nothing else.
 */
import { JOBS, SYNC } from "@holdfast/contract";
import {
  admitConversation,
  deleteExpiredPieces,
  deleteJob,
  expireFairUse,
  findAbandonedRecordings,
  findExpiredJobs,
  findSilentConversations,
  forgetIdleTurns,
  freeTranscribedAudio,
  handOverRecording,
  uploadFolder,
} from "@holdfast/store";
import type { WorkerDeps } from "../deps.ts";
import { sweepDeletedAccounts } from "./accounts.ts";
import { sweepOrphanedBytes, sweepOrphans } from "./orphans.ts";
import { type Repetition, repeat } from "./repeat.ts";
import { eachRow } from "./rows.ts";

const SILENT_EVERY_MS = 2_000;
const ABANDONED_EVERY_MS = 5_000;
const FREE_EVERY_MS = 60_000;
const EXPIRED_EVERY_MS = 3_600_000;
const DELETED_EVERY_MS = 2_000;
const ORPHANS_EVERY_MS = 60_000;
const ORPHANED_BYTES_EVERY_MS = 600_000;

/** A gateway that lost its lease may still be writing its last chunk. */
const ABANDONED_GRACE_MS = 10_000;
/** Longer than the clocks of two processes differ. */
const IDLE_TURN_MS = 3_600_000;
const PAGE_ROWS = 100;
const FREE_PAGE_ROWS = 1_000;

export interface Sweeps {
  stop(): Promise<void>;
}

export function startSweeps(deps: WorkerDeps): Sweeps {
  const { clock, log } = deps;
  const start = (name: string, everyMs: number, call: (signal: AbortSignal) => Promise<void>): Repetition =>
    repeat({ name, everyMs, clock, log }, call);
  const running = [
    start("silent_conversations", SILENT_EVERY_MS, (signal) => sweepSilent(deps, signal)),
    start("abandoned_audio", ABANDONED_EVERY_MS, (signal) => sweepAbandoned(deps, signal)),
    start("orphans", ORPHANS_EVERY_MS, (signal) => sweepOrphans(deps, signal)),
    start("orphaned_bytes", ORPHANED_BYTES_EVERY_MS, (signal) => sweepOrphanedBytes(deps, signal)),
    start("expired_jobs", EXPIRED_EVERY_MS, (signal) => sweepExpired(deps, signal)),
    start("fair_use", EXPIRED_EVERY_MS, (signal) => sweepFairUse(deps, signal)),
    start("old_pieces", EXPIRED_EVERY_MS, (signal) => sweepPieces(deps, signal)),
    start("deleted_accounts", DELETED_EVERY_MS, (signal) => sweepDeletedAccounts(deps, signal)),
    start("idle_turns", EXPIRED_EVERY_MS, (signal) => sweepTurns(deps, signal)),
  ];
  if (deps.config.HOLDFAST_AUDIO_RETENTION === "transcribed") {
    running.push(start("transcribed_audio", FREE_EVERY_MS, (signal) => sweepTranscribed(deps, signal)));
  }
  return {
    async stop() {
      await Promise.all(running.map((repetition) => repetition.stop()));
    },
  };
}

export async function sweepSilent({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const rows = await findSilentConversations(db, clock.now(), PAGE_ROWS);
  const byId = (row: (typeof rows)[number]): string => row.conversationId;
  await eachRow({ name: "silent_conversations", log, signal }, rows, byId, async (row) => {
    const { outcome } = await admitConversation(db, { ...row, trigger: "sweep", force: false, nowMs: clock.now() });
    log.info({ conversationId: row.conversationId, outcome }, "a silent conversation was ended");
  });
}

export async function sweepAbandoned({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const beforeMs = clock.now() - ABANDONED_GRACE_MS;
  const rows = await findAbandonedRecordings(db, beforeMs, PAGE_ROWS);
  const byId = (row: (typeof rows)[number]): string => row.sessionId;
  const sessions = await eachRow({ name: "abandoned_audio", log, signal }, rows, byId, (row) =>
    handOverRecording(db, row, beforeMs, clock.now()),
  );
  if (sessions > 0) log.info({ sessions }, "abandoned audio was handed to repair");
}

/** Until a page is not full: how many rows went. */
async function pageByPage(signal: AbortSignal, take: (limit: number) => Promise<number>): Promise<number> {
  let taken = 0;
  for (let page = FREE_PAGE_ROWS; page >= FREE_PAGE_ROWS && !signal.aborted; taken += page) {
    page = await take(FREE_PAGE_ROWS);
  }
  return taken;
}

export async function sweepTranscribed({ db, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const freed = await pageByPage(signal, (limit) => freeTranscribedAudio(db, limit));
  if (freed > 0) log.info({ chunks: freed }, "transcribed audio was freed");
}

/** Whether or not fair use is on: what it left behind goes as well. */
export async function sweepFairUse({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const removed = await pageByPage(signal, (limit) => expireFairUse(db, clock.now(), limit));
  if (removed > 0) log.info({ rows: removed }, "old figures of fair use were removed");
}

/** What was judged so long ago that nobody may send it again. */
async function sweepPieces({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const beforeMs = clock.now() - SYNC.contentRetentionMs;
  const removed = await pageByPage(signal, (limit) => deleteExpiredPieces(db, beforeMs, limit));
  if (removed > 0) log.info({ pieces: removed }, "old pieces of uploads were forgotten");
}

/** Users of whom nothing waits any more, in the queue of uploads. */
async function sweepTurns({ db, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const beforeMs = clock.now() - IDLE_TURN_MS;
  const forgotten = await pageByPage(signal, (limit) => forgetIdleTurns(db, beforeMs, limit));
  if (forgotten > 0) log.info({ turns: forgotten }, "turns of users who wait for nothing were forgotten");
}

/** Bytes first: a job without bytes is swept again, bytes without a job would stay for ever. */
export async function sweepExpired({ db, blobs, clock, log }: WorkerDeps, signal: AbortSignal): Promise<void> {
  const beforeMs = clock.now() - JOBS.retentionMs;
  for (;;) {
    const jobs = await findExpiredJobs(db, beforeMs, PAGE_ROWS);
    const byId = (job: (typeof jobs)[number]): string => job.id;
    const removed = await eachRow({ name: "expired_jobs", log, signal }, jobs, byId, async (job) => {
      if (job.kind === "sync") await blobs.removeAll(uploadFolder(job.id));
      await deleteJob(db, job.userId, job.id);
    });
    if (removed > 0) log.info({ jobs: removed }, "expired jobs were removed");
    // Rows that fail come back on each page; they wait for the next sweep.
    if (removed === 0 || jobs.length < PAGE_ROWS || signal.aborted) return;
  }
}
