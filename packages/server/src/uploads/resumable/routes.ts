/**
 * Resumable uploads by tus 1.0 (core, creation, creation-with-upload, checksum, expiration, termination) beside the multipart
 * routes, ending in the same job. The answer to the last bytes names it in `Holdfast-Job`; `GET /v2/uploads/{id}` shows it too.
 *
 * HEAD is asked by a client that comes back: it ends whoever still writes, tells what is durable, and tries the last step again
 * where the bytes are whole and the job is missing. It fails where that fails, because a client takes a full offset for done.
 */
import { canonicalUuid, RESUMABLE, ResumableUpload, SYNC } from "@holdfast/contract";
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { App } from "../../http/context.ts";
import type { UploadContext } from "../routes.ts";
import { describeUpload, requireLength } from "./description.ts";
import { createResumableDesk, type ResumableDesk, type UploadState } from "./desk.ts";
import {
  CHUNK_TYPE,
  offsetMissing,
  parseBytes,
  parseChecksum,
  requireChunkType,
  requireVersion,
  uploadNotFound,
} from "./protocol.ts";
import { sweepResumables } from "./sweep.ts";

const PATH = "/v2/uploads";
const params = z.object({ id: z.string() });

export async function registerResumableRoutes(app: App, context: UploadContext): Promise<void> {
  const desk = createResumableDesk(context);
  const sweep = context.clock.every(RESUMABLE.sweepMs, () => {
    sweepResumables(context).catch((error: unknown) => context.log.warn({ err: error }, "uploads could not be swept"));
  });
  const routes: FastifyPluginAsync = async (plugin) => {
    const scope = plugin as unknown as App;
    scope.addHook("onRequest", async (request, reply) => {
      void reply.header("tus-resumable", RESUMABLE.version).header("tus-version", RESUMABLE.version);
      if (request.method !== "OPTIONS" && request.method !== "GET") requireVersion(request.headers["tus-resumable"]);
    });
    // Who is refused in the middle of its bytes must get to read why.
    scope.addHook("onError", async ({ raw }) => void (raw.destroyed ? undefined : raw.resume()));
    registerTusRoutes(scope, desk, () => context.clock.now());
  };
  app.addHook("onClose", async () => sweep.cancel());
  await app.register(routes);
}

function registerTusRoutes(scope: App, desk: ResumableDesk, now: () => number): void {
  const schema = (summary: string) => ({ tags: ["uploads"], summary, description: "tus 1.0" });
  const config = { problem: true } as const;

  scope.options(PATH, { config, schema: schema("What this server speaks of tus") }, async (_request, reply) =>
    reply
      .code(204)
      .header("tus-extension", RESUMABLE.extensions)
      .header("tus-max-size", String(SYNC.maxPartBytes))
      .header("tus-checksum-algorithm", RESUMABLE.checksums.join(","))
      .send(),
  );

  scope.post(
    PATH,
    { config, schema: schema("Begin a resumable upload of a .bin recording (metadata: filename, batch, ...)") },
    async (request, reply) => {
      const { userId, headers } = request;
      const length = requireLength(parseBytes("Upload-Length", headers["upload-length"]));
      const description = describeUpload(headers, now());
      const created = await desk.create(userId, length, description);
      const state = await firstBytes(desk, request, created);
      return await answer(reply.code(201).header("location", `${PATH}/${state.row.id}`), state).send();
    },
  );

  const write = async (request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> => {
    const { headers } = request;
    requireChunkType(headers["content-type"]);
    const offset = parseBytes("Upload-Offset", headers["upload-offset"]);
    if (offset === undefined) throw offsetMissing();
    const state = await desk.write(request.userId, id, {
      offset,
      contentLength: parseBytes("Content-Length", headers["content-length"]),
      checksum: parseChecksum(headers["upload-checksum"]),
      source: request.raw,
    });
    return await answer(reply.code(204), state).send();
  };
  const remove = async (request: FastifyRequest, reply: FastifyReply, id: string): Promise<FastifyReply> => {
    await desk.remove(request.userId, id);
    return await reply.code(204).send();
  };

  scope.patch(
    `${PATH}/:id`,
    { config, schema: { ...schema("The next bytes"), params } },
    async (request, reply) => await write(request, reply, idOf(request.params.id)),
  );
  scope.delete(
    `${PATH}/:id`,
    { config, schema: { ...schema("Give an upload up"), params } },
    async (request, reply) => await remove(request, reply, idOf(request.params.id)),
  );
  scope.post(
    `${PATH}/:id`,
    { config, schema: { ...schema("PATCH or DELETE for clients that cannot (X-HTTP-Method-Override)"), params } },
    async (request, reply) => {
      const method = String(request.headers["x-http-method-override"] ?? "").toUpperCase();
      if (method === "PATCH") return await write(request, reply, idOf(request.params.id));
      if (method === "DELETE") return await remove(request, reply, idOf(request.params.id));
      throw uploadNotFound();
    },
  );

  scope.head(
    `${PATH}/:id`,
    { config, schema: { ...schema("How many bytes are durable; ends whoever still writes"), params } },
    async (request, reply) => {
      const state = await desk.resume(request.userId, idOf(request.params.id));
      const { row } = state;
      void reply.header("cache-control", "no-store").header("upload-length", String(row.length));
      const name = `filename ${Buffer.from(row.name).toString("base64")}`;
      return await answer(reply.code(200).header("upload-metadata", name), state).send();
    },
  );
  scope.get(
    `${PATH}/:id`,
    {
      config,
      schema: { ...schema("Where a resumable upload is, and its job"), params, response: { 200: ResumableUpload } },
    },
    async (request) => viewOf(await desk.look(request.userId, idOf(request.params.id))),
  );
}

/** Bytes that come with the creation. A client that gets no 201 never learns of the upload, so it goes with them. */
async function firstBytes(desk: ResumableDesk, request: FastifyRequest, created: UploadState): Promise<UploadState> {
  const { headers, userId } = request;
  const { row } = created;
  if (headers["content-type"] !== CHUNK_TYPE && row.length > 0) return created;
  try {
    const checksum = parseChecksum(headers["upload-checksum"]);
    const contentLength = parseBytes("Content-Length", headers["content-length"]);
    return await desk.write(userId, row.id, { offset: 0, contentLength, checksum, source: request.raw });
  } catch (error) {
    await desk.remove(userId, row.id);
    throw error;
  }
}

function answer(reply: FastifyReply, { row, job }: UploadState): FastifyReply {
  void reply.header("upload-offset", String(row.received));
  if (job !== undefined) return reply.header("holdfast-job", job.job_id);
  return reply.header("upload-expires", new Date(row.expires_at).toUTCString());
}

function viewOf({ row, job }: UploadState): ResumableUpload {
  return {
    id: row.id,
    name: row.name,
    offset: row.received,
    length: row.length,
    batch: row.batch,
    batch_files: row.batch_files,
    expires_at: new Date(row.expires_at).toISOString(),
    job: job ?? null,
  };
}

function idOf(text: string): string {
  const id = canonicalUuid(text);
  if (id === null) throw uploadNotFound();
  return id;
}
