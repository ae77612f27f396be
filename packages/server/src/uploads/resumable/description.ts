/**
 * What the metadata of a resumable upload says: the name of the recording (`filename`), the batch it is part of (`batch`,
 * `batch_files`), and the query parameters of the multipart route under their names. Kept in the upload's row until its bytes
 * are there. Only `.bin` recordings are taken this way.
 */

import type { IncomingHttpHeaders } from "node:http";
import { Geolocation, HoldfastError, parseRecordingName, RESUMABLE, SYNC } from "@holdfast/contract";
import { z } from "zod";
import { refuseTooOld } from "../batch.ts";
import { CaptureQuery, captureFacts } from "../capture.ts";
import { parseMetadata } from "./protocol.ts";

const Fields = CaptureQuery.extend({
  filename: z.string(),
  batch: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .optional(),
  batch_files: z.coerce.number().int().min(1).max(RESUMABLE.maxBatchFiles).optional(),
  geolocation: z.string().optional(),
});

/** As it is stored. */
export const StoredFacts = z.object({
  client_device_id: z.string().nullable(),
  client_platform: z.string().nullable(),
  target_conversation_id: z.string().exactOptional(),
  target_recording_session_id: z.string().exactOptional(),
  audio_start_seconds: z.number().exactOptional(),
  audio_end_seconds: z.number().exactOptional(),
  geolocation: Geolocation.exactOptional(),
});

export interface UploadDescription {
  readonly name: string;
  readonly startedAtMs: number;
  readonly batch: string | null;
  readonly batchFiles: number;
  readonly facts: z.infer<typeof StoredFacts>;
}

/** Throws the refusals of the multipart route for names and ages, and `validation_failed` for the rest. */
export function describeUpload(headers: IncomingHttpHeaders, nowMs: number): UploadDescription {
  const metadata = Object.fromEntries(parseMetadata(headers["upload-metadata"]));
  const parsed = Fields.safeParse({ filename: "", ...metadata });
  if (!parsed.success) throw invalid(parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`));
  const { filename, batch, batch_files: batchFiles, geolocation, ...query } = parsed.data;
  const { startedAtMs } = parseRecordingName(filename, nowMs);
  refuseTooOld(startedAtMs, nowMs);
  if ((batch === undefined) !== (batchFiles === undefined)) throw invalid(["batch and batch_files go together"]);
  const said = geolocation === undefined ? {} : { "x-omi-conversation-geolocation": geolocation };
  return {
    name: filename,
    startedAtMs,
    batch: batch ?? null,
    batchFiles: batchFiles ?? 1,
    facts: captureFacts({ ...headers, ...said }, query),
  };
}

export function requireLength(length: number | undefined): number {
  if (length === undefined)
    throw invalid(["Upload-Length is missing; a length that is not known yet is not supported"]);
  if (length <= SYNC.maxPartBytes) return length;
  const message = `a file may not be larger than ${SYNC.maxPartBytes / 1024} KB`;
  throw new HoldfastError(message, { code: "payload_too_large", class: "permanent_input" });
}

function invalid(reasons: readonly string[]): HoldfastError {
  return new HoldfastError(reasons.join("; "), { code: "tus_header", class: "permanent_input" });
}
