/**
 * Uploads by tus 1.0 (core and creation), as the server's own route takes them, for a recording that is larger than a chunk.
 * Where an upload stands is kept in the log, so that a program that begins anew goes on where the last one was cut off, and an
 * interruption costs one chunk. This is a few requests, all of which must go through the gate and its cooldown; a library with
 * retries of its own would work against it.
 */
import { CHUNK_BYTES, type UploadAnswer } from "@holdfast/core";
import { type HttpOptions, type RawAnswer, rawRequest } from "../api/http.ts";
import { type Batch, type BatchItem, type SendBatch, type SendOptions, uploadAnswerOf } from "./send-batch.ts";
import type { SyncLog } from "./sync-log.ts";

const PATH = "/v2/uploads";
const VERSION = "1.0.0";

export interface ResumableOptions {
  readonly http: HttpOptions;
  readonly log: Pick<SyncLog, "note" | "setNote">;
  /** For whatever cannot be sent this way. */
  readonly fallback: SendBatch;
}

/** Asks the server once whether it speaks tus, and then sends what is larger than a chunk that way. */
export function resumableSender(options: ResumableOptions): SendBatch {
  let speaksTus: boolean | undefined;
  /** What did not come further, by how often: whoever stands between may not let tus through. */
  const stuck = new Map<string, number>();
  return async (batch, send) => {
    const [item, ...others] = batch.items;
    const fits = item === undefined || others.length > 0 || item.content.size <= CHUNK_BYTES;
    if (batch.kind === "sound" || fits) return await options.fallback(batch, send);
    const answer = speaksTus ?? (await asksForTus(options.http, send.signal));
    if (typeof answer !== "boolean") return uploadAnswerOf(answer, options.http.clock.now());
    speaksTus = answer;
    if (!speaksTus || (stuck.get(item.id) ?? 0) >= MAX_STUCK) return await options.fallback(batch, send);
    const { isStuck = false, ...said } = await sendByTus(options, { batch, item }, send);
    if (isStuck) stuck.set(item.id, (stuck.get(item.id) ?? 0) + 1);
    else stuck.delete(item.id);
    return said;
  };
}

/** After so many tries that came no further, a recording goes whole. */
const MAX_STUCK = 4;

/** The answer itself where it says nothing about tus: a server that is busy or gone. */
async function asksForTus(http: HttpOptions, signal: AbortSignal): Promise<boolean | RawAnswer> {
  const answer = await rawRequest(http, { method: "OPTIONS", path: PATH, signal });
  const { status, headers } = answer;
  if (status === 401 || status === 408 || status === 429 || status >= 500) return answer;
  const extensions = headers.get("tus-extension")?.split(",") ?? [];
  return status < 300 && headers.get("tus-version")?.includes(VERSION) === true && extensions.includes("creation");
}

type TusAnswer = UploadAnswer & { readonly isStuck?: boolean };

/** Where the upload of a recording stands, in the notes of the log. */
export const uploadNote = (id: string): string => `upload.${id}`;

interface Upload {
  readonly batch: Batch;
  readonly item: BatchItem;
}

async function sendByTus(options: ResumableOptions, upload: Upload, send: SendOptions): Promise<TusAnswer> {
  const { http, log } = options;
  const key = uploadNote(upload.item.id);
  const { name, content } = upload.item;
  const known = parseNote(log.note(key), name);
  const found = known === null ? null : await offsetOf(http, known, send.signal);
  if (found !== null && "refused" in found) return found.refused;
  const begun = found === null || known === null ? await create(http, upload, send.signal) : { at: found, path: known };
  if ("refused" in begun) return begun.refused;
  if (begun.path !== known) await log.setNote(key, JSON.stringify({ name, path: begun.path }));
  let { offset, job } = begun.at;
  while (offset < content.size) {
    send.onProgress(offset);
    const answer = await rawRequest(http, {
      method: "PATCH",
      path: begun.path,
      headers: { ...TUS, "upload-offset": String(offset), "content-type": "application/offset+octet-stream" },
      bytes: content.slice(offset, offset + CHUNK_BYTES),
      signal: send.signal,
    });
    const next = offsetIn(answer);
    if (answer.status !== 204 || next === null || next <= offset) return refusal(answer, http.clock.now());
    offset = next;
    job = jobOf(answer);
  }
  send.onProgress(content.size);
  await log.setNote(key, null);
  // Without a job its bytes would be there and nobody could ask after them: the next try finds them by their content.
  return { status: 202, limitReason: null, retryAfterMs: null, body: { job_id: job }, isStuck: job === null };
}

interface Begun {
  readonly at: Found;
  readonly path: string;
}

async function create(
  http: HttpOptions,
  { batch, item }: Upload,
  signal: AbortSignal,
): Promise<Begun | { readonly refused: UploadAnswer }> {
  const fields = {
    filename: item.name,
    ...(batch.conversationId === null ? {} : { conversation_id: batch.conversationId }),
  };
  const answer = await rawRequest(http, {
    method: "POST",
    path: PATH,
    headers: { ...TUS, "upload-length": String(item.content.size), "upload-metadata": metadata(fields) },
    signal,
  });
  const path = pathOf(answer.headers.get("location"));
  if (answer.status !== 201 || path === null) return { refused: uploadAnswerOf(answer, http.clock.now()) };
  return { at: { offset: 0, job: jobOf(answer) }, path };
}

const TUS = { "tus-resumable": VERSION } as const;

type Found = { readonly offset: number; readonly job: string | null };

/** Null where the server does not know the upload any more. */
async function offsetOf(
  http: HttpOptions,
  path: string,
  signal: AbortSignal,
): Promise<Found | { readonly refused: TusAnswer } | null> {
  const answer = await rawRequest(http, { method: "HEAD", path, headers: TUS, signal });
  const offset = offsetIn(answer);
  if (answer.status === 200 && offset !== null) return { offset, job: jobOf(answer) };
  // An answer to HEAD has no words: whether it is about the recording is said by the one to POST.
  return GONE.has(answer.status) ? null : { refused: refusal(answer, http.clock.now()) };
}

/** A conflict about offsets says nothing about the recording: the next try asks where the upload stands. */
function refusal(answer: RawAnswer, nowMs: number): TusAnswer {
  const said = uploadAnswerOf(answer, nowMs);
  return ABOUT_OFFSETS.has(answer.status) ? { ...said, status: 503, limitReason: null, isStuck: true } : said;
}

const GONE = new Set([400, 403, 404, 410, 413]);
const ABOUT_OFFSETS = new Set([200, 204, 404, 409, 410, 423, 460]);

function offsetIn({ headers }: RawAnswer): number | null {
  const text = headers.get("upload-offset");
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function jobOf({ headers }: RawAnswer): string | null {
  return headers.get("holdfast-job");
}

/** The path of an upload begun before, for this very content. */
function parseNote(text: string | null, name: string): string | null {
  if (text === null) return null;
  try {
    const note = JSON.parse(text) as { readonly name?: unknown; readonly path?: unknown };
    return note.name === name && typeof note.path === "string" ? note.path : null;
  } catch {
    return null;
  }
}

/** Only the path counts: whoever stands between may have put another host before it. */
function pathOf(location: string | null): string | null {
  if (location === null) return null;
  return URL.parse(location, "http://server")?.pathname ?? null;
}

function metadata(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name} ${base64(value)}`)
    .join(",");
}

function base64(text: string): string {
  return btoa(String.fromCodePoint(...new TextEncoder().encode(text)));
}
