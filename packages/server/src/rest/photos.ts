/** What lies behind a conversation: its pictures with their bytes, its words by who recognised them, whether sound is kept. */
import { SegmentSchema } from "@holdfast/contract";
import { hasRecording, loadPhotos, loadSegments } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { IdParams } from "./input.ts";
import { ownConversation } from "./own-conversation.ts";

const PhotoView = z.object({
  id: z.string(),
  base64: z.string(),
  description: z.string().nullable(),
  discarded: z.boolean(),
  created_at: z.string(),
  content_type: z.string(),
});

export function registerPhotos(app: App, { db }: Pick<HttpContext, "db">): void {
  const tags = ["conversations"];

  app.get(
    "/v1/conversations/:id/photos",
    {
      schema: {
        tags,
        summary: "Pictures with their bytes, oldest first",
        params: IdParams,
        response: { 200: z.array(PhotoView) },
      },
    },
    async ({ userId, params: { id } }) => {
      await ownConversation(db, userId, id);
      return await loadPhotos(db, userId, id, { withBytes: true });
    },
  );

  app.get(
    "/v1/conversations/:id/transcripts",
    {
      schema: {
        tags,
        summary: "Segments by the provider that recognised them",
        params: IdParams,
        response: { 200: z.record(z.string(), z.array(SegmentSchema)) },
      },
    },
    async ({ userId, params: { id } }) => {
      await ownConversation(db, userId, id);
      const segments = await loadSegments(db, userId, id);
      return Object.fromEntries(Map.groupBy(segments, (segment) => segment.stt_provider ?? "unknown"));
    },
  );

  app.get(
    "/v1/conversations/:id/recording",
    {
      schema: {
        tags,
        summary: "Whether its sound is kept",
        params: IdParams,
        response: { 200: z.object({ has_recording: z.boolean() }) },
      },
    },
    async ({ userId, params: { id } }) => {
      await ownConversation(db, userId, id);
      return { has_recording: await hasRecording(db, userId, id) };
    },
  );
}
