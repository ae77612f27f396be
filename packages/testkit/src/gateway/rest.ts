/**
 * The REST half of a scripted gateway: conversations that finish after a few questions, uploads that become jobs. The same
 * content finds the job that has it, unless that failed (reference offline-sync 3.4).
 */
import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";

export interface ReceivedUpload {
  readonly path: string;
  readonly files: readonly { readonly name: string; readonly content: Uint8Array }[];
}

export interface RestState {
  readonly conversations: Map<string, { status: string; polls: number }>;
  readonly jobs: Map<string, { conversationId: string; polls: number; contentHash: string }>;
  readonly uploads: ReceivedUpload[];
  /** Every request as `METHOD /path`, also those that are refused. */
  readonly requests: string[];
  /** When each of them came, Unix milliseconds. */
  readonly requestedAtMs: number[];
  /** The stage that `/v1/fair-use/status` tells. */
  fairUseStage: "none" | "restrict";
  words: string;
  jobOutcome: "completed" | "partial_failure" | "failed";
  pollsBeforeDone: number;
}

type Answer = readonly [status: number, body: object];

export async function answerRest(
  state: RestState,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const body = await readBody(request);
  const [status, answer] = await route(state, token, request, { path: pathname, query: searchParams, body });
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(answer));
}

async function route(
  state: RestState,
  token: string,
  request: IncomingMessage,
  { path, query, body }: { path: string; query: URLSearchParams; body: Uint8Array<ArrayBuffer> },
): Promise<Answer> {
  if (path === "/health/ready") return [200, { ok: true, parts: { database: { ok: true }, speech: { ok: true } } }];
  if (request.headers.authorization !== `Bearer ${token}`) return [401, { detail: "Invalid authorization token" }];
  if (path === "/v1/users/me") return [200, { uid: "owner" }];
  if (path === "/v1/fair-use/status") return [200, { stage: state.fairUseStage }];
  if (request.method === "POST" && (path === "/v2/sync-local-files" || path === "/v1/uploads")) {
    return await takeUpload(state, path, request.headers["content-type"] ?? "", body);
  }
  if (path === "/v1/uploads") return [200, { uploads: [...state.jobs.keys()].map((id) => listedUpload(state, id)) }];
  const job = /^\/v2\/sync-local-files\/([^/]+)$/.exec(path)?.[1];
  if (job !== undefined) return showJob(state, job);
  if (path === "/v1/conversations" && request.method === "GET") {
    return [200, [...state.conversations.keys()].map((id) => conversation(state, id))];
  }
  if (path === "/v1/conversations/count") {
    const statuses = (query.get("statuses") ?? "").split(",");
    return [200, { count: [...state.conversations.values()].filter((one) => statuses.includes(one.status)).length }];
  }
  const [, id, action] = /^\/v1\/conversations\/([^/]+)(\/finalize)?$/.exec(path) ?? [];
  if (id === undefined || !state.conversations.has(id)) return [404, { detail: "Conversation not found" }];
  const row = state.conversations.get(id);
  if (action === "/finalize") {
    if (row?.status === "in_progress") row.status = "processing";
    return [200, { conversation: conversation(state, id), messages: [] }];
  }
  if (row?.status === "processing") {
    row.polls += 1;
    if (row.polls > state.pollsBeforeDone) row.status = "completed";
  }
  return [200, conversation(state, id)];
}

async function takeUpload(
  state: RestState,
  path: string,
  contentType: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<Answer> {
  const form = await new Response(body, { headers: { "content-type": contentType } }).formData();
  const files: { name: string; content: Uint8Array }[] = [];
  // Ours names its parts `file`, Omi's `files`.
  for (const part of form.getAll(path === "/v1/uploads" ? "file" : "files")) {
    if (typeof part !== "string") files.push({ name: part.name, content: await part.bytes() });
  }
  state.uploads.push({ path, files });
  const contentHash = hashOf(files);
  const known = [...state.jobs].find(([, job]) => job.contentHash === contentHash)?.[0];
  const jobId = known !== undefined && state.jobOutcome === "completed" ? known : randomUUID();
  if (jobId !== known) state.jobs.set(jobId, { conversationId: randomUUID(), polls: 0, contentHash });
  const counts = { total_files: files.length, total_segments: 0 };
  return [202, { job_id: jobId, status: "queued", ...counts, poll_after_ms: 250, lane: "fresh" }];
}

function hashOf(files: ReceivedUpload["files"]): string {
  const hash = createHash("sha256");
  for (const { content } of files) hash.update(content);
  return hash.digest("hex");
}

function showJob(state: RestState, id: string): Answer {
  const job = state.jobs.get(id);
  if (job === undefined) return [404, { detail: "Job not found" }];
  job.polls += 1;
  const isDone = job.polls > state.pollsBeforeDone;
  const failed = state.jobOutcome === "completed" ? 0 : 1;
  if (!isDone) {
    const counts = { total_segments: 2, processed_segments: 1, successful_segments: 0, failed_segments: 0 };
    return [200, { job_id: id, status: "processing", ...counts, lane: "fresh" }];
  }
  if (state.jobOutcome !== "failed") state.conversations.set(job.conversationId, { status: "completed", polls: 0 });
  const counts = { total_segments: 2, processed_segments: 2, successful_segments: 2 - failed, failed_segments: failed };
  const created = state.jobOutcome === "failed" ? [] : [job.conversationId];
  const result = {
    new_memories: created,
    updated_memories: [],
    failed_segments: failed,
    total_segments: 2,
    errors: [],
  };
  const reason =
    state.jobOutcome === "failed" ? { error: "sync_invalid_audio", reason_code: "sync_invalid_audio" } : {};
  return [200, { job_id: id, status: state.jobOutcome, ...counts, lane: "fresh", result, ...reason }];
}

function listedUpload(state: RestState, id: string): object {
  const [, body] = showJob(state, id);
  return { ...body, created_at: "2026-01-01T00:00:00.000Z", file_names: ["a.bin"] };
}

function conversation(state: RestState, id: string): object {
  const segment = { id: `${id}-1`, text: state.words, speaker: "SPEAKER_00", speaker_id: 0, is_user: false };
  return {
    id,
    status: state.conversations.get(id)?.status ?? "completed",
    created_at: "2026-01-01T00:00:00.000Z",
    started_at: "2026-01-01T00:00:00.000Z",
    finished_at: "2026-01-01T00:00:11.000Z",
    source: "omi",
    structured: {
      title: "A title",
      overview: "An overview.",
      emoji: "🧠",
      category: "other",
      action_items: [],
      events: [],
    },
    transcript_segments: state.words === "" ? [] : [{ ...segment, start: 0, end: 11 }],
    discarded: false,
    starred: false,
    summary_kind: "basic",
    state_reason: null,
  };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return new Uint8Array(Buffer.concat(parts));
}
