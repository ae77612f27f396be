/**
 * The process requests (opcode 104) of one session that nobody has answered yet. A nudge is never the truth, the job's row is;
 * but while the session lives, no number of failures makes it forget one (reference listen-and-pusher 5.4, 8.1, 8.2).
 *
 * | entry         | connected | disconnected | more than 120 s since it was sent | success, fenced, terminal | own generation stale | job_leased | any other answer |
 * |---------------|-----------|--------------|-----------------------------------|---------------------------|----------------------|------------|------------------|
 * | queued        | sent      | -            | -                                 | gone                      | gone                 | -          | -                |
 * | sent          | sent again| queued       | a retry, or a rest (*)            | gone                      | gone                 | waiting_retry | a retry at the next pass, or a rest (*) |
 * | waiting_retry | sent again| queued       | sent                              | gone                      | gone                 | -          | -                |
 *
 * (*) Three retries are a burst. A fourth failure lets the entry rest: it is sent 300 s later, with a fresh burst. A new
 * connection gives every entry a fresh burst and sends all of them at once, so a pusher that comes back hears of everything.
 * `job_leased` spends no retry: somebody is at work, and the entry is asked about again after the normal time. An answer
 * about another generation than the entry's is not about this request. Passes are not made while disconnected.
 *
 * At most 100 entries: then the oldest is let go, and the step says so. Its row is `processing` with a job that every pusher
 * polls, so it is found again in the store (law L6).
 */
import { type ProcessResult, PUSHER } from "@holdfast/contract";

export interface PendingEntry {
  readonly conversationId: string;
  readonly jobId: string;
  readonly generation: number;
  readonly language: string;
  /** When it was last sent, or asked for where it was never sent; set back or ahead to move the next try. */
  readonly sentAtMs: number;
  /** Failed tries of this burst. */
  readonly retries: number;
  readonly state: "queued" | "sent" | "waiting_retry";
}

export type PendingRequest = Pick<PendingEntry, "conversationId" | "jobId" | "generation" | "language">;

export interface PendingState {
  readonly connected: boolean;
  /** By conversation. */
  readonly entries: ReadonlyMap<string, PendingEntry>;
}

export type PendingEvent =
  | { readonly type: "request"; readonly request: PendingRequest }
  | { readonly type: "connected" }
  | { readonly type: "disconnected" }
  /** Time to look which entries were not answered. */
  | { readonly type: "pass" }
  | { readonly type: "result"; readonly result: ProcessResult }
  /** The store says that this conversation needs nothing any more. */
  | { readonly type: "settled"; readonly conversationId: string };

export type PendingEffect =
  | { readonly type: "send"; readonly entry: PendingEntry }
  /** It was not answered, or refused: `rest` where its burst is used up. */
  | { readonly type: "retry"; readonly entry: PendingEntry; readonly rest: boolean }
  | { readonly type: "overflow"; readonly entry: PendingEntry };

export interface PendingStep {
  readonly state: PendingState;
  readonly effects: readonly PendingEffect[];
}

export const NO_PENDING: PendingState = { connected: false, entries: new Map() };

export function stepPending(state: PendingState, event: PendingEvent, nowMs: number): PendingStep {
  switch (event.type) {
    case "request":
      return request(state, event.request, nowMs);
    case "connected":
      return connect(state, nowMs);
    case "disconnected":
      return disconnect(state);
    case "pass":
      return pass(state, nowMs);
    case "result":
      return answer(state, event.result, nowMs);
    case "settled":
      return { state: without(state, event.conversationId), effects: [] };
    default:
      return event satisfies never;
  }
}

function request(state: PendingState, wanted: PendingRequest, nowMs: number): PendingStep {
  const known = state.entries.get(wanted.conversationId);
  const again = known?.jobId === wanted.jobId;
  if (again && known.generation > wanted.generation) return { state, effects: [] };
  const entries = new Map(state.entries);
  const effects: PendingEffect[] = [];
  if (known === undefined && entries.size >= PUSHER.maxPendingRequests) {
    const oldest = [...entries.values()].reduce((a, b) => (b.sentAtMs < a.sentAtMs ? b : a));
    entries.delete(oldest.conversationId);
    effects.push({ type: "overflow", entry: oldest });
  }
  const { conversationId, jobId, generation, language } = wanted;
  const entry: PendingEntry = {
    conversationId,
    jobId,
    generation,
    language,
    sentAtMs: nowMs,
    retries: again ? known.retries : 0,
    state: state.connected ? "sent" : "queued",
  };
  entries.set(conversationId, entry);
  if (state.connected) effects.push({ type: "send", entry });
  return { state: { ...state, entries }, effects };
}

function connect(state: PendingState, nowMs: number): PendingStep {
  const entries = mapped(state.entries, (entry) => ({ ...entry, state: "sent", retries: 0, sentAtMs: nowMs }));
  const effects = [...entries.values()].map((entry): PendingEffect => ({ type: "send", entry }));
  return { state: { connected: true, entries }, effects };
}

function disconnect(state: PendingState): PendingStep {
  const entries = mapped(state.entries, (entry) => ({ ...entry, state: "queued" }));
  return { state: { connected: false, entries }, effects: [] };
}

function pass(state: PendingState, nowMs: number): PendingStep {
  const unchanged = { state, effects: [] };
  if (!state.connected) return unchanged;
  const late = [...state.entries.values()].filter((entry) => nowMs - entry.sentAtMs > PUSHER.pendingTimeoutMs);
  if (late.length === 0) return unchanged;
  const entries = new Map(state.entries);
  const effects: PendingEffect[] = [];
  for (const entry of late) {
    // What waits has paid for this try already; what was sent and not answered pays now.
    const retry = entry.state === "sent" ? spend(entry, nowMs) : undefined;
    if (retry !== undefined) effects.push(retry);
    if (retry?.rest === true) {
      entries.set(entry.conversationId, retry.entry);
      continue;
    }
    const sent: PendingEntry = { ...(retry?.entry ?? entry), state: "sent", sentAtMs: nowMs };
    entries.set(entry.conversationId, sent);
    effects.push({ type: "send", entry: sent });
  }
  return { state: { ...state, entries }, effects };
}

/** One failed try: it is due at the next pass, or rests where its burst is used up. */
function spend(entry: PendingEntry, nowMs: number): Extract<PendingEffect, { type: "retry" }> {
  const rest = entry.retries >= PUSHER.pendingRetries;
  const aheadMs = rest ? PUSHER.pendingRestMs : -1;
  const sentAtMs = nowMs - PUSHER.pendingTimeoutMs + aheadMs;
  const retries = rest ? 0 : entry.retries + 1;
  return { type: "retry", entry: { ...entry, state: "waiting_retry", retries, sentAtMs }, rest };
}

function answer(state: PendingState, result: ProcessResult, nowMs: number): PendingStep {
  const entry = state.entries.get(result.conversation_id);
  if (entry === undefined) return { state, effects: [] };
  if (result.success === true || result.fenced === true || result.terminal === true) {
    return { state: without(state, entry.conversationId), effects: [] };
  }
  if (result.error === "job_stale_generation") {
    const own = result.dispatch_generation === entry.generation;
    return { state: own ? without(state, entry.conversationId) : state, effects: [] };
  }
  if (entry.state !== "sent") return { state, effects: [] };
  if (result.error === "job_leased") {
    return { state: withEntry(state, { ...entry, state: "waiting_retry" }), effects: [] };
  }
  const retry = spend(entry, nowMs);
  return { state: withEntry(state, retry.entry), effects: [retry] };
}

function withEntry(state: PendingState, entry: PendingEntry): PendingState {
  return { ...state, entries: new Map(state.entries).set(entry.conversationId, entry) };
}

function without(state: PendingState, conversationId: string): PendingState {
  if (!state.entries.has(conversationId)) return state;
  const entries = new Map(state.entries);
  entries.delete(conversationId);
  return { ...state, entries };
}

function mapped(
  entries: ReadonlyMap<string, PendingEntry>,
  change: (entry: PendingEntry) => PendingEntry,
): ReadonlyMap<string, PendingEntry> {
  return new Map([...entries].map(([id, entry]) => [id, change(entry)]));
}
