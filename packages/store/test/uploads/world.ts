/** Offline speech as a worker stores it: jobs that are leased, pieces with words, and what became of them. */
import {
  acceptUpload,
  assignPiece,
  claimJob,
  createConversation,
  type Db,
  deterministicUuid,
  type Job,
  type PieceAssignment,
  type TouchedConversations,
} from "@holdfast/store";
import { sql } from "kysely";
import { T0 } from "../seed.ts";

export interface Speech {
  readonly start: number;
  readonly end: number;
  readonly text?: string;
}

/** Ids of the jobs of a test; each database is new. */
let jobs = 0;

/** A batch in the hands of a worker. */
export async function leasedJob(db: Db, userId: string): Promise<Job> {
  jobs += 1;
  const jobId = `00000000-0000-4000-8000-${String(jobs).padStart(12, "0")}`;
  await acceptUpload(db, {
    userId,
    jobId,
    contentId: `content-${jobs}`,
    lane: "fresh",
    payload: { source: "omi" },
    conversationId: null,
    files: [{ name: "a.bin", bytes: 10, sha256: "ab", blobKey: `uploads/${jobId}/0`, capturedAtMs: T0 }],
    nowMs: T0,
  });
  const job = await claimJob(db, ["sync"], { owner: "w", nowMs: T0, leaseMs: 15_000 });
  if (job?.id !== jobId) throw new Error("another job was leased");
  // A user has one upload of a lane in work; here several are, as where fresh and old ones meet, so it leaves the queue.
  await db.updateTable("jobs").set({ kind: "repair" }).where("id", "=", jobId).execute();
  return job;
}

export type PieceOptions = Partial<Pick<PieceAssignment, "target" | "geolocation" | "pieceId" | "nowMs">> &
  Partial<PieceAssignment["partition"]>;

/** What this piece is called, and what is said in it: seconds from `T0`. */
export async function putPiece(
  db: Db,
  job: Job,
  speech: readonly Speech[],
  options: PieceOptions = {},
): Promise<TouchedConversations> {
  const { source = "omi", clientDeviceId = null, isLocked = false, ...rest } = options;
  const touched = await assignPiece(db, job, {
    pieceId: pieceIdOf(job.userId, speech),
    partition: { source, clientDeviceId, isLocked },
    clientPlatform: null,
    language: "en",
    stretches: speech.map(({ start, end, text }) => ({
      id: deterministicUuid(job.userId, "said", start, end, text ?? ""),
      startMs: T0 + start * 1000,
      endMs: T0 + end * 1000,
      text: text ?? `Words at ${start}.`,
      sttProvider: "test",
    })),
    progress: (reached) => ({ ...reached }),
    stage: "stt_llm",
    nowMs: T0,
    ...rest,
  });
  if (touched === undefined) throw new Error("the lease was lost");
  return touched;
}

export function pieceIdOf(userId: string, speech: readonly Speech[]): string {
  return deterministicUuid(userId, "piece", JSON.stringify(speech));
}

export interface Told {
  readonly id: string;
  /** Seconds from `T0`. */
  readonly start: number;
  readonly end: number;
  /** What was said when, in seconds from `T0`. */
  readonly said: readonly (readonly [number, string])[];
}

/** Conversations that are there, by their start. */
export async function told(db: Db, userId: string): Promise<Told[]> {
  const { rows } = await sql<{
    id: string;
    start_ms: number;
    end_ms: number;
    said: { at: number; text: string }[] | null;
  }>`
    select c.id, extract(epoch from c.started_at) * 1000 as start_ms, extract(epoch from c.finished_at) * 1000 as end_ms,
      json_agg(json_build_object('at', s.start_s, 'text', s.text) order by s.start_s, s.text)
        filter (where s.id is not null) as said
    from conversations c left join segments s on s.user_id = c.user_id and s.conversation_id = c.id
    where c.user_id = ${userId} and c.deleted_at is null
    group by c.user_id, c.id order by c.started_at, c.id`.execute(db);
  const seconds = (ms: number): number => Math.round(ms - T0) / 1000;
  return rows.map((row) => ({
    id: row.id,
    start: seconds(Number(row.start_ms)),
    end: seconds(Number(row.end_ms)),
    said: (row.said ?? []).map(({ at, text }) => [seconds(Number(row.start_ms) + at * 1000), text] as const),
  }));
}

/** A conversation that was recorded live, with its words. */
export async function liveConversation(
  db: Db,
  userId: string,
  id: string,
  speech: readonly Speech[],
  over: { readonly status?: string; readonly recordingSessionId?: string; readonly clientDeviceId?: string } = {},
): Promise<void> {
  const { status = "completed", recordingSessionId = null, clientDeviceId = null } = over;
  const start = speech[0]?.start ?? 0;
  const end = speech.at(-1)?.end ?? start;
  await createConversation(db, {
    ...{ userId, id, origin: "live", source: "omi", language: "en", externalData: null, clientPlatform: null },
    ...{ clientDeviceId, recordingSessionId, silenceTimeoutMs: 120_000 },
    startedAtMs: T0 + start * 1000,
    nowMs: T0 + start * 1000,
  });
  const finished = new Date(T0 + end * 1000);
  await db
    .updateTable("conversations")
    .set({ status, finished_at: finished })
    .where("user_id", "=", userId)
    .where("id", "=", id)
    .execute();
  for (const [n, one] of speech.entries()) {
    const body = { id: `${id}-${n}`, text: one.text ?? "", start: one.start - start, end: one.end - start };
    await db
      .insertInto("segments")
      .values({
        ...{ user_id: userId, conversation_id: id, id: body.id, start_s: body.start, end_s: body.end, text: body.text },
        body: JSON.stringify(body),
      })
      .execute();
  }
}
