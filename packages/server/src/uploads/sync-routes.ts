/**
 * The offline upload of Omi clients: `POST /v2/sync-local-files` takes `.bin` recordings and answers 202 with a job,
 * `GET /v2/sync-local-files/{job_id}` says what became of it (reference offline-sync sections 3 and 4).
 */
import { SyncAccepted, SyncJobView } from "@holdfast/contract";
import { z } from "zod";
import type { App } from "../http/context.ts";
import { CaptureQuery } from "./capture.ts";
import { ownUploadJob } from "./find-job.ts";
import { jobView } from "./job-view.ts";
import { takeOmiBatch } from "./omi-batch.ts";
import type { UploadContext } from "./routes.ts";

export function registerSyncRoutes(app: App, context: UploadContext): void {
  const { db, clock } = context;
  app.post(
    "/v2/sync-local-files",
    {
      config: { sync: true },
      schema: {
        tags: ["uploads"],
        summary: "Upload .bin recordings (multipart, parts named files)",
        consumes: ["multipart/form-data"],
        querystring: CaptureQuery,
        response: { 202: SyncAccepted },
      },
    },
    async (request, reply) => await reply.code(202).send(await takeOmiBatch(context, request, request.query)),
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
