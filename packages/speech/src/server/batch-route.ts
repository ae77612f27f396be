/**
 * `POST /v1/audio/transcriptions`: the batch route in OpenAI's shape. Takes any sound file that codecs reads; answers
 * `json`, `text` or `verbose_json`. Work stops when the client goes away. Failures keep OpenAI's error body; a dead engine
 * is 503 with `Retry-After: 1`, because its successor is a second away.
 */
import multipart from "@fastify/multipart";
import { HoldfastError, isHoldfastError, messageOf } from "@holdfast/contract";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { decodeUpload } from "../batch/decode-upload.ts";
import { type TextSegment, transcribeSamples } from "../batch/transcribe-samples.ts";
import type { Engine } from "../engine/engine.ts";
import type { Recogniser } from "../recognise/recogniser.ts";

const MAX_FILE_BYTES = 220 * 1024 * 1024;
const SAMPLE_RATE = 16_000;

export interface BatchRouteDeps {
  readonly engine: Engine;
  readonly recogniser: Recogniser;
}

interface Form {
  readonly file: Uint8Array<ArrayBuffer> | undefined;
  readonly format: string;
}

export async function registerBatchRoute(app: FastifyInstance, deps: BatchRouteDeps): Promise<void> {
  await app.register(multipart, { limits: { fileSize: MAX_FILE_BYTES, files: 1, fields: 20, fieldSize: 10_000 } });
  app.post("/v1/audio/transcriptions", async (request, reply) => {
    const gone = new AbortController();
    reply.raw.once("close", () => gone.abort(new Error("the client went away")));
    try {
      const { file, format } = await readForm(request);
      if (file === undefined || file.length === 0)
        throw refusal("missing_file", "a part named file with sound in it is needed");
      const samples = await decodeUpload(file, gone.signal);
      const segments = await transcribeSamples(samples, { ...deps, signal: gone.signal });
      return answer(reply, format, samples.length / SAMPLE_RATE, segments);
    } catch (error) {
      return fail(request, reply, error);
    }
  });
}

async function readForm(request: FastifyRequest): Promise<Form> {
  if (!request.isMultipart()) throw refusal("not_multipart", "multipart/form-data is expected");
  let file: Uint8Array<ArrayBuffer> | undefined;
  let format = "json";
  for await (const part of request.parts()) {
    if (part.type === "file") {
      // The worker thread takes the memory over, so it must be all its own.
      file = new Uint8Array(await part.toBuffer());
    } else if (part.fieldname === "response_format") format = String(part.value);
  }
  if (!["json", "text", "verbose_json"].includes(format)) {
    throw refusal("bad_response_format", "response_format must be json, text or verbose_json");
  }
  return { file, format };
}

function answer(
  reply: FastifyReply,
  format: string,
  durationSeconds: number,
  segments: readonly TextSegment[],
): FastifyReply {
  const text = segments.map((segment) => segment.text).join(" ");
  if (format === "text") return reply.type("text/plain; charset=utf-8").send(`${text}\n`);
  if (format === "json") return reply.send({ text });
  return reply.send({
    task: "transcribe",
    language: "english",
    duration: durationSeconds,
    text,
    segments: segments.map((segment, id) => ({ id, ...segment })),
  });
}

function refusal(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}

function fail(request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply {
  if (isHoldfastError(error)) {
    const status = { permanent_input: 400, content: 422, throttle: 429, auth: 401, capacity: 503, transport: 503 }[
      error.class
    ];
    if (error.retryable) void reply.header("retry-after", String(Math.ceil((error.retryAfterMs ?? 1_000) / 1_000)));
    return reply.code(status).send(openAiError(error.message, error.code));
  }
  const status = statusOf(error);
  if (status < 500) return reply.code(status).send(openAiError(messageOf(error), "bad_request"));
  request.log.error({ error: messageOf(error) }, "transcription failed");
  return reply.code(500).send(openAiError("the recording could not be transcribed", "internal"));
}

function statusOf(error: unknown): number {
  return error instanceof Error && "statusCode" in error && typeof error.statusCode === "number"
    ? error.statusCode
    : 500;
}

export function openAiError(message: string, code: string): object {
  return { error: { message, type: "invalid_request_error", param: null, code } };
}
