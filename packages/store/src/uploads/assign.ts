/**
 * Puts the words of one piece of an offline recording into conversations and records the progress of its job, in one
 * transaction fenced by the job's epoch: a worker that dies leaves whole pieces done or untouched, and a piece that comes
 * again changes nothing. Which words belong together depends on capture times only (`core/sync/assign.ts`), never on the
 * order in which pieces, files or batches arrive.
 *
 * Quietly acknowledged, without ids: speech whose conversation a person deleted, also after it became part of another one.
 *
 * Locks: an advisory lock per user (assignment is serial per user, so that neighbours find each other), then conversation
 * rows in one statement by id, then new conversation and segment rows, then the job row, then the row of its sound.
 */
import { SYNC } from "@holdfast/contract";
import { type Chain, chainStretches } from "@holdfast/core";
import { sql } from "kysely";
import { type PieceSound, rememberSound } from "../audio-files/keep.ts";
import { createConversation } from "../conversations/create.ts";
import type { ConversationRow } from "../conversations/read.ts";
import type { Db } from "../database.ts";
import { deterministicUuid } from "../ids.ts";
import { fencedTransaction } from "../jobs/fenced-transaction.ts";
import type { Job } from "../jobs/job.ts";
import { holdsLease, progressJob } from "../jobs/settle.ts";
import { followMerges, livingIds } from "./lineage.ts";
import { lockNeighbours } from "./neighbours.ts";
import type { CapturePartition } from "./partition.ts";
import { findPiece, rememberPiece } from "./pieces.ts";
import { type AskedTarget, findTarget } from "./target.ts";
import { type SpokenStretch, writeChain } from "./write.ts";

export interface PieceAssignment {
  /** Function of the samples and of when they were recorded; null for a piece that is lost, of which nothing is remembered. */
  readonly pieceId: string | null;
  readonly partition: CapturePartition;
  readonly clientPlatform: string | null;
  readonly language: string | null;
  /** Where it was recorded, if a client said it. */
  readonly geolocation?: Readonly<Record<string, unknown>> | null;
  /** Where a client says that the words belong. */
  readonly target?: AskedTarget;
  readonly stretches: readonly SpokenStretch[];
  /** Where its sound lies, if there is any that could be kept. */
  readonly sound?: PieceSound;
  /** Progress of the job after this piece; the touched conversations are added to it. */
  readonly progress: (touched: TouchedConversations) => Readonly<Record<string, unknown>>;
  readonly stage: string;
  readonly nowMs: number;
}

export interface TouchedConversations {
  readonly created: readonly string[];
  /** They gained words, or had them already. */
  readonly updated: readonly string[];
  /** They became part of one of the others and are gone. */
  readonly merged: readonly string[];
}

const NOTHING: TouchedConversations = { created: [], updated: [], merged: [] };

/** Undefined where the lease was lost; nothing was written then. */
export async function assignPiece(db: Db, job: Job, piece: PieceAssignment): Promise<TouchedConversations | undefined> {
  return await fencedTransaction(db, async (trx, lost) => {
    await sql`select pg_advisory_xact_lock(hashtext('holdfast.assign'), hashtext(${job.userId}))`.execute(trx);
    const { touched, soundOf } = piece.pieceId === null ? NOBODYS : await judged(trx, job, piece, piece.pieceId);
    if (!(await holdsLease(trx, job))) lost();
    await progressJob(trx, job, piece.nowMs, piece.progress(touched), piece.stage);
    if (piece.sound !== undefined && soundOf !== undefined) await rememberSound(trx, job, piece.sound, soundOf);
    return touched;
  });
}

interface Judgement {
  readonly touched: TouchedConversations;
  /** The conversation that its sound is new to; null where it has no words; undefined where it is not wanted. */
  readonly soundOf: string | null | undefined;
}

const NOBODYS: Judgement = { touched: NOTHING, soundOf: undefined };

async function judged(trx: Db, job: Job, piece: PieceAssignment, pieceId: string): Promise<Judgement> {
  const before = await findPiece(trx, job.userId, pieceId);
  if (before !== undefined) {
    return { ...NOBODYS, touched: { ...NOTHING, updated: await livingIds(trx, job.userId, before) } };
  }
  const judgement =
    piece.stretches.length === 0 ? { touched: NOTHING, soundOf: null } : await assign(trx, job, { ...piece, pieceId });
  const { created, updated } = judgement.touched;
  await rememberPiece(trx, job.userId, pieceId, [...created, ...updated], piece.nowMs);
  return judgement;
}

type Judged = PieceAssignment & { readonly pieceId: string };

async function assign(trx: Db, job: Job, piece: Judged): Promise<Judgement> {
  const { partition } = piece;
  const target = await findTarget(trx, job.userId, partition, piece.target ?? NO_TARGET);
  if (target.kind === "deleted") return NOBODYS;
  const stretches = piece.stretches.map((stretch) => ({
    ...stretch,
    startMs: Math.round(stretch.startMs),
    endMs: Math.round(stretch.endMs),
  }));
  const homeId = target.kind === "home" ? target.id : undefined;
  const reach = { stretches, joinGapMs: SYNC.joinGapMs, homeId };
  const rows = await lockNeighbours(trx, job.userId, partition, reach);
  const spans = rows.map((row) => ({ id: row.id, startMs: row.started_at, endMs: row.finished_at }));
  const home = spans.find(({ id }) => id === homeId);
  const touched = { created: [] as string[], updated: [] as string[], merged: [] as string[] };
  let soundOf: string | undefined;
  for (const chain of chainStretches(spans, stretches, SYNC.joinGapMs, home)) {
    const members = chain.members.flatMap(({ id }) => rows.filter((row) => row.id === id));
    const [known, ...donors] = members;
    const keeper = known ?? (await begin(trx, job, piece, chain));
    if (keeper === undefined) continue;
    const { pieceId, geolocation = null, nowMs } = piece;
    const write = { jobId: job.id, pieceId, geolocation, nowMs };
    // What brings no word that was not there is sound that was heard, and kept, before.
    if ((await writeChain(trx, chain, [keeper, ...donors], write)) > 0) soundOf ??= keeper.id;
    (keeper.sync_content_revision === 0 && known === undefined ? touched.created : touched.updated).push(keeper.id);
    touched.merged.push(...donors.map(({ id }) => id));
  }
  return { touched, soundOf };
}

const NO_TARGET: AskedTarget = { conversationId: null, recordingSessionId: null };

/** The conversation that these stretches begin; undefined where it was begun by them before and is deleted now. */
async function begin(
  trx: Db,
  job: Job,
  piece: Judged,
  { stretches, span }: Chain<SpokenStretch>,
): Promise<ConversationRow | undefined> {
  const { userId } = job;
  const { source, clientDeviceId, isLocked } = piece.partition;
  const id = deterministicUuid(userId, "sync", source, clientDeviceId ?? "", Number(isLocked), stretches[0]?.id ?? "");
  await createConversation(trx, {
    userId,
    id,
    origin: "sync",
    source,
    language: piece.language,
    externalData: null,
    clientDeviceId,
    clientPlatform: piece.clientPlatform,
    recordingSessionId: null,
    silenceTimeoutMs: SYNC.joinGapMs,
    isLocked,
    startedAtMs: span.startMs,
    nowMs: piece.nowMs,
  });
  // The row may be from before the piece was forgotten.
  const now = (await followMerges(trx, userId, [id])).get(id);
  if (now === undefined || now.isDeleted) return undefined;
  return await trx
    .selectFrom("conversations")
    .selectAll()
    .where("user_id", "=", userId)
    .where("id", "=", now.id)
    .forUpdate()
    .executeTakeFirst();
}
