/**
 * The offline upload of Omi clients: `POST /v2/sync-local-files` takes `.bin` recordings and answers 202 with a job,
 * `GET /v2/sync-local-files/{job_id}` says what became of it (reference offline-sync sections 3 and 4).
 */
import { canonicalUuid, parseRecordingName, SyncAccepted, SyncJobView } from "@holdfast/contract";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { acceptRecordings } from "./accept.ts";
import { clientDevice, refuseTooOld, sourceOf } from "./batch.ts";
import { ownUploadJob } from "./find-job.ts";
import { jobView } from "./job-view.ts";
import { receiveFiles } from "./receive.ts";

const SyncQuery = z.object({
  conversation_id: z.string().optional().describe("Conversation of ours that these recordings belong to"),
  recording_session_id: z.string().optional().describe("Live recording that these recordings complete"),
});

export function registerSyncRoutes(app: App, context: HttpContext): void {
  const { db, blobs, clock } = context;
  app.post(
    "/v2/sync-local-files",
    {
      config: { sync: true },
      schema: {
        tags: ["uploads"],
        summary: "Upload .bin recordings (multipart, parts named files)",
        consumes: ["multipart/form-data"],
        querystring: SyncQuery,
        response: { 202: SyncAccepted },
      },
    },
    async (request, reply) => {
      const { userId, query } = request;
      const nowMs = clock.now();
      const received = await receiveFiles(request, blobs, {
        field: "files",
        checkName: (name) => refuseTooOld(parseRecordingName(name, nowMs).startedAtMs, nowMs),
      });
      const named = received.files.map((file) => ({ file, recording: parseRecordingName(file.name, nowMs) }));
      const accepted = await acceptRecordings(context, {
        userId,
        kind: "omi",
        source: sourceOf(named.map((item) => item.recording)),
        device: clientDevice(request.headers),
        conversationId: canonicalUuid(query.conversation_id ?? null),
        recordingSessionId: canonicalUuid(query.recording_session_id ?? null),
        files: named.map(({ file, recording }) => ({ ...file, capturedAtMs: recording.startedAtMs })),
      });
      return await reply.code(202).send(accepted);
    },
  );

  app.get(
    "/v2/sync-local-files/:jobId",
    {
      config: { sync: true },
      schema: {
        tags: ["uploads"],
        summary: "What became of an upload",
        params: z.object({ jobId: z.string() }),
        response: { 200: SyncJobView },
      },
    },
    async ({ userId, params }) => jobView(await ownUploadJob(db, userId, params.jobId), clock.now()),
  );
}
