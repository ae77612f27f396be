/**
 * Writes a chain of offline speech into its conversation: what is there already is left out, conversations that the chain
 * connects become one, and the row says that words are arriving. Repeats are found by the id of a stretch, and by the same
 * words at the same time to a hundredth of a second; in a conversation that was recorded live also by what was said
 * (`core/sync/doubles.ts`). Time alone is no proof: two recordings may begin in the same second.
 *
 * Locks: segment rows of conversations whose rows the caller holds.
 */
import type { Segment } from "@holdfast/contract";
import { type Chain, relevanceOf, type SpokenText, spokenText, withoutDoubles } from "@holdfast/core";
import { sql } from "kysely";
import type { ConversationRow } from "../conversations/read.ts";
import { shiftSegments } from "../conversations/segments.ts";
import type { Db } from "../database.ts";
import { mergeInto } from "./merge.ts";

/** One utterance with wall times in whole milliseconds. `id` is a function of its piece and its place in it. */
export interface SpokenStretch {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  readonly sttProvider: string | null;
}

export interface ChainWrite {
  readonly jobId: string;
  readonly pieceId: string;
  readonly geolocation: Readonly<Record<string, unknown>> | null;
  readonly nowMs: number;
}

/** How far from a stretch its live double may lie, and more than any segment is long. */
const LIVE_REACH_MS = 900_000;
/** More segments than this are more than a few fillers. */
const MAX_FILLERS = 12;

/** `rows`: those of the chain's members, the one that stays first. Returns how many stretches are new. */
export async function writeChain(
  trx: Db,
  chain: Chain<SpokenStretch>,
  rows: readonly [ConversationRow, ...ConversationRow[]],
  write: ChainWrite,
): Promise<number> {
  const [keeper, ...donors] = rows;
  const fresh = await notThere(trx, chain, rows);
  if (fresh.length === 0 && donors.length === 0) return 0;
  const startMs = Math.min(...rows.map((row) => row.started_at), ...fresh.map((stretch) => stretch.startMs));
  const endMs = Math.max(...rows.map((row) => row.finished_at), ...fresh.map((stretch) => stretch.endMs));
  await shiftSegments(trx, keeper.user_id, keeper.id, keeper.started_at - startMs);
  for (const donor of donors) await mergeInto(trx, donor, { id: keeper.id, startedAtMs: startMs }, write.nowMs);
  await insertStretches(trx, keeper, fresh, { ...write, startMs });
  await announce(trx, keeper, { startMs, endMs }, write);
  return fresh.length;
}

async function notThere(
  trx: Db,
  { stretches }: Chain<SpokenStretch>,
  rows: readonly ConversationRow[],
): Promise<SpokenStretch[]> {
  const [keeper] = rows;
  const present = await nearby(trx, stretches, rows);
  const ids = new Set(present.map(({ id }) => id));
  const said = new Set(present.map(placeOf));
  const fresh = stretches.filter((stretch) => {
    const place = placeOf(stretch);
    const isNew = !ids.has(stretch.id) && !said.has(place);
    said.add(place);
    return isNew;
  });
  if (keeper?.origin !== "live") return fresh;
  return withoutDoubles(
    present.filter(({ pieceId }) => pieceId === null),
    fresh,
  );
}

interface PresentSegment extends SpokenText {
  readonly id: string;
  readonly pieceId: string | null;
}

/** What was said around these stretches, in wall time. */
async function nearby(
  trx: Db,
  stretches: readonly SpokenStretch[],
  rows: readonly ConversationRow[],
): Promise<PresentSegment[]> {
  const reachMs = rows.some((row) => row.origin === "live") ? LIVE_REACH_MS : 1_000;
  const fromMs = Math.min(...stretches.map(({ startMs }) => startMs)) - reachMs;
  const toMs = Math.max(...stretches.map(({ endMs }) => endMs)) + reachMs;
  const found: PresentSegment[] = [];
  for (const { user_id, id: conversationId, started_at } of rows) {
    const segments = await trx
      .selectFrom("segments")
      .select(["id", "start_s", "end_s", "text", "piece_id"])
      .where("user_id", "=", user_id)
      .where("conversation_id", "=", conversationId)
      .where("end_s", ">=", (fromMs - started_at) / 1000)
      .where("start_s", "<=", (toMs - started_at) / 1000)
      .execute();
    for (const { id, start_s, end_s, text, piece_id } of segments) {
      const at = { startMs: started_at + start_s * 1000, endMs: started_at + end_s * 1000 };
      found.push({ id, ...at, text, pieceId: piece_id });
    }
  }
  return found;
}

function placeOf({ startMs, endMs, text }: SpokenText): string {
  return `${Math.round(startMs / 10)}-${Math.round(endMs / 10)} ${spokenText(text)}`;
}

async function insertStretches(
  trx: Db,
  keeper: Pick<ConversationRow, "user_id" | "id">,
  stretches: readonly SpokenStretch[],
  { startMs, pieceId }: { readonly startMs: number; readonly pieceId: string },
): Promise<void> {
  if (stretches.length === 0) return;
  await trx
    .insertInto("segments")
    .values(
      stretches.map((stretch) => {
        const segment = segmentOf(stretch, startMs);
        const { id, start, end, text } = segment;
        const home = { user_id: keeper.user_id, conversation_id: keeper.id, piece_id: pieceId };
        return { ...home, id, start_s: start, end_s: end, text, body: JSON.stringify(segment) };
      }),
    )
    .onConflict((conflict) => conflict.columns(["user_id", "conversation_id", "id"]).doNothing())
    .execute();
}

function segmentOf(stretch: SpokenStretch, startedAtMs: number): Segment {
  return {
    id: stretch.id,
    text: stretch.text,
    speaker: "SPEAKER_00",
    speaker_id: 0,
    is_user: false,
    person_id: null,
    start: (stretch.startMs - startedAtMs) / 1000,
    end: (stretch.endMs - startedAtMs) / 1000,
    translations: [],
    speech_profile_processed: true,
    stt_provider: stretch.sttProvider,
  };
}

/** A conversation that is being recorded is its session's: it grows, and says nothing else. */
async function announce(
  trx: Db,
  keeper: ConversationRow,
  span: { readonly startMs: number; readonly endMs: number },
  { jobId, geolocation, nowMs }: ChainWrite,
): Promise<void> {
  const isUpload = keeper.origin === "sync";
  const isRecording = !isUpload && keeper.status === "in_progress";
  const startedAt = new Date(span.startMs);
  await trx
    .updateTable("conversations")
    .set({
      started_at: startedAt,
      finished_at: new Date(span.endMs),
      sync_content_revision: sql`sync_content_revision + 1`,
      updated_at: new Date(nowMs),
      ...(geolocation === null
        ? {}
        : { geolocation: sql`coalesce(geolocation, ${JSON.stringify(geolocation)}::jsonb)` }),
      ...(isUpload
        ? { created_at: sql`least(created_at, ${startedAt})`, sync_relevance: await judge(trx, keeper) }
        : {}),
      ...(isRecording
        ? {}
        : {
            status: sql`case when status = 'completed' then 'merging' else status end`,
            state_reason: "transcribing_upload",
            upload_job_id: jobId,
          }),
    })
    .where("user_id", "=", keeper.user_id)
    .where("id", "=", keeper.id)
    .execute();
}

async function judge(trx: Db, keeper: Pick<ConversationRow, "user_id" | "id">): Promise<string> {
  const lines = await trx
    .selectFrom("segments")
    .select(["start_s", "end_s", "text"])
    .where("user_id", "=", keeper.user_id)
    .where("conversation_id", "=", keeper.id)
    .limit(MAX_FILLERS + 1)
    .execute();
  if (lines.length > MAX_FILLERS) return "keep";
  return relevanceOf(lines.map((row) => ({ startMs: row.start_s * 1000, endMs: row.end_s * 1000, text: row.text })));
}
