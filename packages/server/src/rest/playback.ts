/**
 * Listening to kept sound (reference offline-sync section 10): prepare it, find out where it is, get it. There is sound only
 * where the user turned on private cloud storage before the conversation was finished, or its upload ended. The gateway decodes
 * nothing: it asks for samples, which a pusher makes, and serves their bytes.
 */
import { HoldfastError } from "@holdfast/contract";
import { joinParts } from "@holdfast/core";
import { type AudioFile, ensureSecret, findSecret, isExportPending, listAudioFiles, requestPcm } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { ownConversation } from "./own-conversation.ts";
import { baseOf, isSigned, SignedQuery, signedPath } from "./playback-links.ts";
import { POLL_AFTER_MS, serveSound, WHOLE_CONVERSATION } from "./playback-serve.ts";

type Context = Pick<HttpContext, "db" | "blobs" | "clock">;

const tags = ["playback"];
const CONTENT_TYPE = "audio/wav";
const ConversationParams = z.object({ conversation_id: z.string() });
const FileParams = ConversationParams.extend({ audio_file_id: z.string() });
const Availability = z.enum(["cached", "pending", "unavailable"]);

const Urls = z.object({
  audio_files: z.array(
    z.object({
      id: z.string(),
      status: Availability,
      signed_url: z.string().nullable(),
      duration: z.number(),
      content_type: z.string(),
    }),
  ),
  conversation_audio: z
    .object({
      status: Availability,
      signed_url: z.string().nullable(),
      content_type: z.string(),
      duration: z.number(),
      captured_duration: z.number(),
      spans: z.array(
        z.object({ file_id: z.string(), wall_offset: z.number(), artifact_offset: z.number(), len: z.number() }),
      ),
    })
    .nullable(),
  poll_after_ms: z.number().int().nullable(),
});

export function registerPlayback(app: App, context: Context): void {
  const { db, clock } = context;

  app.post(
    "/v1/sync/audio/:conversation_id/precache",
    { schema: { tags, summary: "Prepare the sound of a conversation for listening", params: ConversationParams } },
    async ({ userId, params }) => {
      const row = await ownConversation(db, userId, params.conversation_id);
      const files = await listAudioFiles(db, userId, row.id);
      if (files.length === 0) return { status: "no_audio", message: "No audio files in conversation" };
      await requestPcm(db, { userId, conversationId: row.id, nowMs: clock.now() });
      return { status: "started", audio_file_count: files.length };
    },
  );

  app.get(
    "/v1/sync/audio/:conversation_id/urls",
    {
      schema: {
        tags,
        summary: "Where the sound of a conversation is, part by part and as one",
        params: ConversationParams,
        response: { 200: Urls },
      },
    },
    async (request): Promise<z.output<typeof Urls>> => {
      const { userId, params } = request;
      const row = await ownConversation(db, userId, params.conversation_id);
      await requestPcm(db, { userId, conversationId: row.id, nowMs: clock.now() });
      const files = await listAudioFiles(db, userId, row.id);
      if (files.length === 0) return await noFiles(context, userId, row.id);
      const secret = await ensureSecret(db, userId, clock.now());
      const linkTo = (fileId: string, status: z.output<typeof Availability>): string | null =>
        status === "cached"
          ? baseOf(request) + signedPath({ userId, conversationId: row.id, fileId }, secret, clock.now())
          : null;
      const parts = files.map((file) => {
        const status = availabilityOf([file]);
        const signedUrl = linkTo(file.id, status);
        return {
          id: file.id,
          status,
          signed_url: signedUrl,
          duration: file.samples / 16_000,
          content_type: CONTENT_TYPE,
        };
      });
      const whole = availabilityOf(files);
      const { spans, ...lengths } = joinParts(files, row.started_at);
      return {
        audio_files: parts,
        conversation_audio: {
          status: whole,
          signed_url: linkTo(WHOLE_CONVERSATION, whole),
          content_type: CONTENT_TYPE,
          ...lengths,
          spans: [...spans],
        },
        poll_after_ms: parts.some((part) => part.status === "pending") ? POLL_AFTER_MS : null,
      };
    },
  );

  app.route({
    method: ["GET", "HEAD"],
    exposeHeadRoute: false,
    url: "/v1/sync/audio/:conversation_id/:audio_file_id",
    schema: {
      tags,
      summary: "One part, or all of them as `conversation`; ranges are served",
      params: FileParams,
      querystring: z.object({ format: z.enum(["wav", "pcm"]).default("wav") }),
    },
    handler: async (request, reply) => {
      const { conversation_id: conversationId, audio_file_id: fileId } = request.params;
      const name = { userId: request.userId, conversationId, fileId };
      return await serveSound(context, request, reply, name, request.query.format);
    },
  });
}

/** The links of `urls`, which carry their own proof. */
export function registerSignedPlayback(app: App, context: Context): void {
  app.route({
    method: ["GET", "HEAD"],
    exposeHeadRoute: false,
    url: "/v1/sync/signed-audio/:user_id/:conversation_id/:audio_file_id",
    schema: {
      tags,
      summary: "The sound behind a signed link; no token needed",
      security: [],
      params: FileParams.extend({ user_id: z.string() }),
      querystring: SignedQuery,
    },
    handler: async (request, reply) => {
      const { user_id: userId, conversation_id: conversationId, audio_file_id: fileId } = request.params;
      const name = { userId, conversationId, fileId };
      const secret = userId.includes("\0") ? undefined : await findSecret(context.db, userId);
      if (secret === undefined || !isSigned(name, secret, request.query, context.clock.now())) {
        throw new HoldfastError("this link is not valid (any more)", { code: "forbidden", class: "permanent_input" });
      }
      return await serveSound(context, request, reply, name, "wav");
    },
  });
}

async function noFiles({ db }: Context, userId: string, conversationId: string): Promise<z.output<typeof Urls>> {
  if (!(await isExportPending(db, userId, conversationId))) {
    return { audio_files: [], conversation_audio: null, poll_after_ms: null };
  }
  const nothing = { duration: 0, captured_duration: 0, spans: [] };
  const audio = { status: "pending", signed_url: null, content_type: CONTENT_TYPE, ...nothing } as const;
  return { audio_files: [], conversation_audio: audio, poll_after_ms: POLL_AFTER_MS };
}

function availabilityOf(files: readonly AudioFile[]): z.output<typeof Availability> {
  if (files.some((file) => file.pcmState === "failed")) return "unavailable";
  return files.every((file) => file.pcmState === "ready") ? "cached" : "pending";
}
