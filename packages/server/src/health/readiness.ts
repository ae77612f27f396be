/**
 * Whether a user can record now (law L11): the database answers, blobs can be written, and the speech process answers where
 * it is the engine. Asked at most once a second however many ask; each part has a deadline and says in plain words what is
 * wrong. A gateway that drains is not ready.
 */
import { sleep } from "@holdfast/core";
import { pingDatabase } from "@holdfast/store";
import type { HttpContext } from "../http/context.ts";

export interface PartHealth {
  readonly ok: boolean;
  readonly why?: string;
}

export interface Readiness {
  readonly ok: boolean;
  readonly parts: Readonly<Record<"database" | "blobs" | "speech", PartHealth>>;
}

const REMEMBER_MS = 1_000;
const DEADLINE_MS = 2_000;

/** Returns the check; it never rejects. */
export function createReadiness(context: HttpContext): () => Promise<Readiness> {
  let last: { readonly atMs: number; readonly answer: Promise<Readiness> } | undefined;
  return async () => {
    const nowMs = context.clock.now();
    if (last === undefined || Math.abs(nowMs - last.atMs) >= REMEMBER_MS) {
      last = { atMs: nowMs, answer: checkParts(context) };
    }
    const readiness = await last.answer;
    return context.draining.aborted ? { ...readiness, ok: false } : readiness;
  };
}

async function checkParts(context: HttpContext): Promise<Readiness> {
  const { db, blobs } = context;
  const [database, blobStore, speech] = await Promise.all([
    within(context, pingDatabase(db), "the database does not answer"),
    within(context, blobs.check(), "recordings cannot be stored: the blob folder is not writable"),
    checkSpeech(context),
  ]);
  return { ok: database.ok && blobStore.ok && speech.ok, parts: { database, blobs: blobStore, speech } };
}

async function checkSpeech(context: HttpContext): Promise<PartHealth> {
  const { HOLDFAST_STT, HOLDFAST_SPEECH_URL } = context.config;
  const engines = HOLDFAST_STT.split(",").map((engine) => engine.trim());
  // Only a Deepgram-shaped engine is reached without our speech process; one other engine in the list makes do without it.
  if (engines.some((engine) => engine.startsWith("deepgram+"))) return { ok: true };
  if (HOLDFAST_SPEECH_URL === undefined) return { ok: false, why: "no speech process is set (HOLDFAST_SPEECH_URL)" };
  return await within(context, askSpeech(HOLDFAST_SPEECH_URL), "the speech process does not answer");
}

async function askSpeech(url: string): Promise<void> {
  const health = new URL("/health", url.replace(/^ws/, "http"));
  const answer = await fetch(health, { signal: AbortSignal.timeout(DEADLINE_MS) });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error("the speech process is not well");
}

async function within({ clock }: HttpContext, work: Promise<unknown>, why: string): Promise<PartHealth> {
  const ended = new AbortController();
  const late = sleep(clock, DEADLINE_MS, ended.signal).then(() => false);
  const done = work.then(
    () => true,
    () => false,
  );
  const ok = await Promise.race([done, late]);
  ended.abort();
  return ok ? { ok } : { ok, why };
}
