/**
 * The conversation a live session writes to: found or made at the start, ended by silence or by a person, followed by a new
 * one. Times of segments are relative to its start, which is the first word's (reference listen-and-pusher 3.1, 4.4, 4.5).
 */
import { channelOf, LISTEN, type ListenQuery, type Segment } from "@holdfast/contract";
import {
  addFinals,
  type ClientUpdate,
  type Clock,
  cutTranscript,
  type LiveTranscript,
  prepareConversation,
  type Random,
  type RecordingWatermark,
  relabel,
  resumeTranscript,
  showPartials,
} from "@holdfast/core";
import {
  admitConversation,
  bindRecording,
  type ConversationRow,
  type CountedSpeech,
  commitSegments,
  conversationIdTaken,
  createConversation,
  type Db,
  type FinalizationTicket,
  findConversation,
  findOpenConversation,
  loadSegments,
  movedSegment,
  otherWordsMayCome,
  type RecordingHold,
} from "@holdfast/store";
import type { RecognisedStretch } from "./recogniser.ts";

/** Several channels: a call, which has one conversation from beginning to end (reference listen-and-pusher 2.6). */
export function isCall(query: ListenQuery): boolean {
  return query.channels > 1;
}

export interface ConversationIdentity {
  readonly userId: string;
  readonly query: ListenQuery;
  readonly recordingSessionId: string;
  readonly clientDeviceId: string | null;
  readonly clientPlatform: string | null;
}

export interface CurrentConversation {
  readonly id: string;
  /** Wall time of the first word; undefined before it. */
  startedAtMs: number | undefined;
  /** Last time somebody spoke, or the start. */
  finishedAtMs: number;
  transcript: LiveTranscript;
}

export interface Begun {
  readonly current: CurrentConversation;
  /** A conversation the client named that is over already. */
  readonly announced: { readonly id: string; readonly status: string } | undefined;
  /** A conversation that had gone silent before this socket came, handed over now. */
  readonly ended: { readonly id: string; readonly ticket: FinalizationTicket } | undefined;
}

/** The first conversation of a socket. */
export async function prepareFirst(db: Db, random: Random, who: ConversationIdentity, nowMs: number): Promise<Begun> {
  const clientId = who.query.clientConversationId;
  const named = clientId === null ? undefined : await findConversation(db, who.userId, clientId);
  const taken = clientId !== null && named === undefined && (await conversationIdTaken(db, who.userId, clientId));
  const mayResume = clientId === null && !isCall(who.query) && !who.query.onboarding;
  const open = mayResume ? await findOpenConversation(db, who.userId, originOf(who)) : undefined;
  const decision = prepareConversation({
    ...originOf(who),
    timeoutMs: who.query.conversationTimeoutMs,
    nowMs,
    clientConversationId: taken ? null : clientId,
    named: named === undefined ? undefined : openRow(named),
    open: open === undefined ? undefined : openRow(open),
  });
  if (decision.action === "resume") {
    const row = named ?? open;
    const current = row === undefined ? undefined : await resume(db, row, who.query);
    if (current !== undefined) return { current, announced: undefined, ended: undefined };
  }
  let ended: Begun["ended"];
  if (decision.action === "end_and_create") {
    const end = {
      userId: who.userId,
      conversationId: decision.endId,
      trigger: "silence",
      force: false,
      nowMs,
    } as const;
    const outcome = await admitConversation(db, end);
    if (outcome.outcome === "admitted") ended = { id: decision.endId, ticket: outcome.ticket };
  }
  const id = decision.action === "create" || decision.action === "end_and_create" ? decision.id : null;
  const announced =
    decision.action === "announce_and_create" ? { id: decision.id, status: decision.status } : undefined;
  return { current: await beginNew(db, who, id ?? random.uuid(), nowMs), announced, ended };
}

function originOf(who: ConversationIdentity) {
  return { source: who.query.source, clientDeviceId: who.clientDeviceId };
}

function openRow(row: ConversationRow) {
  return {
    id: row.id,
    status: row.status,
    discarded: row.discarded,
    deleted: row.deleted_at !== null,
    locked: row.is_locked,
    source: row.source,
    clientDeviceId: row.client_device_id,
    finishedAtMs: row.finished_at,
  };
}

async function resume(db: Db, row: ConversationRow, query: ListenQuery): Promise<CurrentConversation> {
  const segments = await loadSegments(db, row.user_id, row.id);
  return {
    id: row.id,
    startedAtMs: segments.length === 0 ? undefined : row.started_at,
    finishedAtMs: row.finished_at,
    transcript: resumeTranscript(segments, isCall(query)),
  };
}

/**
 * The conversation as it is once its recording is ours and bound to it: until then the socket before may have stored more
 * words, and a segment that grows from what was read earlier would overwrite them. Where others may still bring words of
 * before, ours begin new segments: one that grew over a gap would have the words of the gap behind it.
 */
export async function catchUp(
  db: Db,
  who: ConversationIdentity,
  hold: RecordingHold,
  current: CurrentConversation,
): Promise<CurrentConversation> {
  const row = await findConversation(db, who.userId, current.id);
  if (row?.status !== "in_progress") return current;
  const resumed = await resume(db, row, who.query);
  if (!(await otherWordsMayCome(db, hold, current.id))) return resumed;
  return { ...resumed, transcript: cutTranscript(resumed.transcript).next };
}

/** A fresh, empty conversation. */
export async function beginNew(
  db: Db,
  who: ConversationIdentity,
  id: string,
  nowMs: number,
): Promise<CurrentConversation> {
  await createConversation(db, {
    userId: who.userId,
    id,
    origin: "live",
    source: who.query.source,
    language: who.query.language,
    externalData: { conversation_role: who.query.conversationRole, recording_session_id: who.recordingSessionId },
    clientDeviceId: who.clientDeviceId,
    clientPlatform: who.clientPlatform,
    recordingSessionId: who.recordingSessionId,
    // A call never goes silent while its socket is there; without it, it is over like any other conversation.
    silenceTimeoutMs: isCall(who.query)
      ? LISTEN.defaultConversationTimeoutSeconds * 1000
      : who.query.conversationTimeoutMs,
    callId: isCall(who.query) ? who.query.callId : null,
    startedAtMs: nowMs,
    nowMs,
  });
  return { id, startedAtMs: undefined, finishedAtMs: nowMs, transcript: resumeTranscript([], isCall(who.query)) };
}

export interface HomeDeps {
  readonly db: Db;
  readonly random: Random;
  readonly clock: Clock;
  readonly who: ConversationIdentity;
  readonly hold: RecordingHold;
  readonly leaseMs: number;
}

/**
 * Sound goes to this conversation from now on, or to a new one where it was ended before anybody knew that it is wanted: a
 * process that stands still may find an empty one removed. A recording that was taken over learns that from its next write.
 */
export async function bindHome(deps: HomeDeps, found: CurrentConversation): Promise<CurrentConversation> {
  const { db, random, clock, who, hold, leaseMs } = deps;
  let home = found;
  while ((await bindRecording(db, hold, home.id, clock.now(), leaseMs)) === "closed") {
    home = await beginNew(db, who, random.uuid(), clock.now());
  }
  return home;
}

/** A recognised stretch as a segment of this conversation. */
export function segmentOf(
  current: CurrentConversation,
  stretch: RecognisedStretch,
  id: string,
  provider: string,
): Segment {
  // Of two channels, or of what a client recognised itself, the earlier words may come later: it begins with them then.
  const startedAtMs = Math.min(current.startedAtMs ?? stretch.startedAtMs, stretch.startedAtMs);
  const seconds = (ms: number): number => Math.max(0, Math.round(ms - startedAtMs) / 1000);
  const channel = channelOf(stretch.channel);
  return {
    id,
    text: stretch.text,
    speaker: channel?.speaker ?? `SPEAKER_${String(stretch.speaker).padStart(2, "0")}`,
    speaker_id: channel?.speakerId ?? stretch.speaker,
    is_user: channel?.isUser ?? stretch.isUser ?? false,
    person_id: stretch.personId ?? null,
    start: seconds(stretch.startedAtMs),
    end: Math.max(seconds(stretch.startedAtMs), seconds(stretch.endedAtMs)),
    translations: [],
    speech_profile_processed: true,
    stt_provider: stretch.provider ?? provider,
  };
}

/** Shows what is being said; nothing is stored. */
export function previewPartials(current: CurrentConversation, partials: readonly Segment[]): ClientUpdate {
  const { next, update } = showPartials(current.transcript, partials);
  current.transcript = next;
  return update;
}

export type FinalOutcome =
  | { readonly outcome: "stored"; readonly update: ClientUpdate }
  | { readonly outcome: "fenced" | "closed" };

/** Stores a final and the watermark behind it, then says what to show. Throws where the database cannot be reached. */
export async function storeFinal(
  db: Db,
  hold: RecordingHold,
  current: CurrentConversation,
  final: Segment,
  at: {
    readonly startedAtMs: number;
    readonly watermark: RecordingWatermark;
    readonly partials: readonly Segment[];
    readonly speech?: readonly CountedSpeech[];
    readonly nowMs: number;
  },
): Promise<FinalOutcome> {
  const knownMs = current.startedAtMs;
  const earlierMs = knownMs === undefined ? 0 : Math.max(0, knownMs - at.startedAtMs);
  const behind = (segment: Segment): Segment => (earlierMs === 0 ? segment : movedSegment(segment, earlierMs));
  const step = addFinals(relabel(current.transcript, behind), [final], at.partials.map(behind));
  const baseMs = earlierMs === 0 ? knownMs : undefined;
  const result = await commitSegments(db, {
    hold,
    conversationId: current.id,
    upserts: step.upserts,
    deletedIds: step.removedIds,
    watermark: at.watermark,
    ...(at.speech === undefined ? {} : { speech: at.speech }),
    ...(baseMs === undefined ? { startedAtMs: at.startedAtMs } : { baseMs }),
    nowMs: at.nowMs,
  });
  if (result.outcome !== "stored") return { outcome: result.outcome };
  // A repair may have put words before the first that we knew of: ours then lie further from the start.
  const byMs = (baseMs ?? at.startedAtMs) - result.startedAtMs;
  const place = (segment: Segment): Segment => (byMs === 0 ? segment : movedSegment(segment, byMs));
  current.transcript = relabel(step.next, place);
  current.startedAtMs = result.startedAtMs;
  current.finishedAtMs = at.nowMs;
  return { outcome: "stored", update: { ...step.update, segments: step.update.segments.map(place) } };
}
