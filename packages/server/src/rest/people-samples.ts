/** The sample of a voice behind a signed link: a short WAV file, whole or one range of it. */
import { HoldfastError } from "@holdfast/contract";
import { chooseRange } from "@holdfast/core";
import { findSecret, listSpeechSamples } from "@holdfast/store";
import { z } from "zod";
import type { App, HttpContext } from "../http/context.ts";
import { isSigned, SignedQuery } from "./playback-links.ts";

const UUID = z.uuid();

export function registerSignedSamples(
  app: App,
  { db, blobs, clock }: Pick<HttpContext, "db" | "blobs" | "clock">,
): void {
  app.route({
    method: ["GET", "HEAD"],
    exposeHeadRoute: false,
    url: "/v1/users/signed-samples/:user_id/:person_id/:sample_id",
    schema: {
      tags: ["people"],
      summary: "The sample of a voice behind a signed link; no token needed",
      security: [],
      params: z.object({ user_id: z.string(), person_id: z.string(), sample_id: z.string() }),
      querystring: SignedQuery,
    },
    handler: async (request, reply) => {
      const { user_id: userId, person_id: personId, sample_id: sampleId } = request.params;
      const secret = userId.includes("\0") ? undefined : await findSecret(db, userId);
      if (secret === undefined || !isSigned({ userId, personId, sampleId }, secret, request.query, clock.now())) {
        throw new HoldfastError("this link is not valid (any more)", { code: "forbidden", class: "permanent_input" });
      }
      const samples = UUID.safeParse(personId).success ? await listSpeechSamples(db, userId, personId) : [];
      const sample = samples.find(({ id }) => id === sampleId);
      if (sample === undefined) {
        throw new HoldfastError("Sample not found", { code: "not_found", class: "permanent_input" });
      }
      const range = chooseRange(request.headers.range, sample.bytes);
      void reply.header("accept-ranges", "bytes");
      if (range.kind === "unsatisfiable") {
        const headed = reply.code(416).header("content-range", `bytes */${sample.bytes}`);
        return await headed.send({ detail: "Invalid range" });
      }
      const { start, end } = range.kind === "part" ? range : { start: 0, end: sample.bytes };
      const bytes = await blobs.read(sample.blobKey, { start, end });
      void reply
        .code(range.kind === "part" ? 206 : 200)
        .header("content-type", "audio/wav")
        .header("content-length", bytes.length)
        .header("cache-control", "private, max-age=3600");
      if (range.kind === "part") void reply.header("content-range", `bytes ${start}-${end - 1}/${sample.bytes}`);
      return request.method === "HEAD" ? await reply.send() : await reply.send(Buffer.from(bytes));
    },
  });
}
