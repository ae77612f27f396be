/**
 * One answer with kept sound: whole or one range of it (reference offline-sync section 10). Samples that are not there yet are
 * asked for and answered by 202 with the time to ask again; sound that cannot be had is a 404. HEAD gets the same headers
 * without the sound.
 */
import { Readable } from "node:stream";
import { HoldfastError, isHoldfastError } from "@holdfast/contract";
import { chooseRange } from "@holdfast/core";
import { type AudioFile, isExportPending, listAudioFiles, losePcm, requestPcm } from "@holdfast/store";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { HttpContext } from "../http/context.ts";
import { ownConversation } from "./own-conversation.ts";
import type { SoundName } from "./playback-links.ts";
import { type PlayableSound, playableSound, type SoundFormat } from "./playback-sound.ts";

export const POLL_AFTER_MS = 3_000;
export const WHOLE_CONVERSATION = "conversation";

export async function serveSound(
  context: Pick<HttpContext, "db" | "blobs" | "clock">,
  request: FastifyRequest,
  reply: FastifyReply,
  name: SoundName,
  format: SoundFormat,
): Promise<FastifyReply> {
  const { db } = context;
  const row = await ownConversation(db, name.userId, name.conversationId);
  const all = await listAudioFiles(db, name.userId, row.id);
  const files = name.fileId === WHOLE_CONVERSATION ? all : all.filter((file) => file.id === name.fileId);
  if (files.length === 0) {
    const isComing = all.length === 0 && (await isExportPending(db, name.userId, row.id));
    if (isComing) return await pending(reply);
    throw notFound();
  }
  if (files.some((file) => file.pcmState === "failed")) throw notFound();
  if (files.some((file) => file.pcmState !== "ready")) return await pendingAfterRequest(context, name, reply);

  const sound = playableSound(context.blobs, files, format);
  const label = `conversation_${row.id}_audio_${name.fileId}.${format}`.replace(/[^\w.-]/g, "_");
  void reply.header("accept-ranges", "bytes");
  const range = chooseRange(request.headers.range, sound.size);
  if (range.kind === "unsatisfiable") {
    return await reply.code(416).header("content-range", `bytes */${sound.size}`).send({ detail: "Invalid range" });
  }
  const { start, end } = range.kind === "part" ? range : { start: 0, end: sound.size };
  void reply
    .code(range.kind === "part" ? 206 : 200)
    .header("content-type", sound.contentType)
    .header("content-length", end - start)
    .header("content-disposition", `attachment; filename="${label}"`)
    .header("cache-control", "private, max-age=3600");
  if (range.kind === "part") void reply.header("content-range", `bytes ${start}-${end - 1}/${sound.size}`);
  if (request.method === "HEAD") return await reply.send();
  return await sendBytes(context, reply, { files, name, sound, start, end });
}

/** Reads the first bytes before anything is said, so that sound which is gone is not an answer that breaks off. */
async function sendBytes(
  context: Pick<HttpContext, "db" | "blobs" | "clock">,
  reply: FastifyReply,
  answer: {
    readonly files: readonly AudioFile[];
    readonly name: SoundName;
    readonly sound: PlayableSound;
    readonly start: number;
    readonly end: number;
  },
): Promise<FastifyReply> {
  const { files, name, sound, start, end } = answer;
  try {
    const bytes = sound.read(start, end);
    const head = await firstTwo(bytes);
    return await reply.send(Readable.from(joined(head, bytes), { objectMode: false }));
  } catch (error) {
    if (!isHoldfastError(error) || error.code !== "blob_missing") throw error;
    for (const file of files) await losePcm(context.db, name.userId, file.id);
    for (const header of ["content-length", "content-range", "content-disposition", "cache-control"]) {
      void reply.removeHeader(header);
    }
    return await pendingAfterRequest(context, name, reply.type("application/json"));
  }
}

/** The header and the first samples: what it takes to know that the blob is there. */
async function firstTwo(bytes: AsyncGenerator<Uint8Array, void>): Promise<Uint8Array[]> {
  const head: Uint8Array[] = [];
  while (head.length < 2) {
    const next = await bytes.next();
    if (next.done === true) break;
    head.push(next.value);
  }
  return head;
}

async function* joined(
  head: readonly Uint8Array[],
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array, void> {
  yield* head;
  yield* rest;
}

async function pendingAfterRequest(
  { db, clock }: Pick<HttpContext, "db" | "clock">,
  { userId, conversationId }: SoundName,
  reply: FastifyReply,
): Promise<FastifyReply> {
  await requestPcm(db, { userId, conversationId, nowMs: clock.now() });
  return await pending(reply);
}

async function pending(reply: FastifyReply): Promise<FastifyReply> {
  return await reply.code(202).send({ status: "pending", poll_after_ms: POLL_AFTER_MS });
}

function notFound(): HoldfastError {
  return new HoldfastError("Audio file not found", { code: "not_found", class: "permanent_input" });
}
