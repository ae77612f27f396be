/**
 * One multipart batch of `.bin` recordings, as both routes of Omi clients take it. Names are judged before a byte is read; the
 * frames of old recordings are counted on their way, for the limits; digests are compared with what a manifest proves.
 */
import { Readable } from "node:stream";
import { FrameCounter, parseRecordingName, SYNC, type SyncAccepted } from "@holdfast/contract";
import type { FastifyRequest } from "fastify";
import { openUploadGate } from "../fair-use/upload-gate.ts";
import { acceptRecordings } from "./accept.ts";
import { laneOf, refuseTooOld, sourceOf } from "./batch.ts";
import { type CaptureQuery, captureFacts } from "./capture.ts";
import { type ManifestFile, refuseOtherBytes, verifyManifest } from "./manifest.ts";
import { discardFiles, type ReceivedFile, receiveFiles } from "./receive.ts";
import type { UploadContext } from "./routes.ts";

const MANIFEST_HEADER = "x-omi-sync-capture-manifest";

export async function takeOmiBatch(
  context: UploadContext,
  request: FastifyRequest,
  query: CaptureQuery,
): Promise<SyncAccepted> {
  const nowMs = context.clock.now();
  const counters: FrameCounter[] = [];
  const refuseUnfair = await openUploadGate(context, request.userId, nowMs);
  const { files } = await receiveFiles(request, context.blobs, {
    field: "files",
    checkName(name) {
      const { startedAtMs } = parseRecordingName(name, nowMs);
      refuseTooOld(startedAtMs, nowMs);
      // One fresh recording makes the batch fresh.
      if (laneOf([startedAtMs], false, nowMs).lane === "fresh") refuseUnfair();
    },
    inspect(source, name) {
      const counter = new FrameCounter();
      counters.push(counter);
      const isOld = nowMs - parseRecordingName(name, nowMs).startedAtMs > SYNC.freshMs;
      return isOld ? counted(source, counter) : source;
    },
  });
  const facts = captureFacts(request.headers, query);
  const proven = await discardingOnFailure(context, files, () => proof(context, request, query, files, nowMs));
  const recordings = files.map((file) => parseRecordingName(file.name, nowMs));
  return await acceptRecordings(context, {
    userId: request.userId,
    kind: "omi",
    source: sourceOf(recordings),
    facts,
    isProven: proven,
    files: files.map((file, at) => ({ ...file, capturedAtMs: recordings[at]?.startedAtMs ?? null })),
    counted: recordings.map((recording, at) => ({
      recording,
      bytes: files[at]?.staged.bytes ?? 0,
      totals: counters[at]?.totals() ?? { frames: 0, payloadBytes: 0 },
    })),
    isOmiRoute: true,
  });
}

/** True where a valid manifest names exactly these files. Throws where it names them with other bytes. */
async function proof(
  context: UploadContext,
  request: FastifyRequest,
  query: CaptureQuery,
  files: readonly ReceivedFile[],
  nowMs: number,
): Promise<boolean> {
  const manifest = request.headers[MANIFEST_HEADER];
  const deviceId = captureFacts(request.headers, query).client_device_id;
  if (typeof manifest !== "string" || deviceId === null || query.conversation_id === undefined) return false;
  const { manifests } = await context.uploadKeys();
  const subject = { userId: request.userId, deviceId, conversationId: query.conversation_id };
  const names = files.map((file) => file.name);
  const proven = verifyManifest(manifests, manifest, subject, names, nowMs);
  if (proven === undefined) return false;
  refuseOtherBytes(proven, files.map(asManifestFile));
  return true;
}

const asManifestFile = ({ name, staged }: ReceivedFile): ManifestFile => ({ name, sha256: staged.sha256 });

async function discardingOnFailure<T>(
  { blobs }: UploadContext,
  files: readonly ReceivedFile[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await discardFiles(blobs, files);
    throw error;
  }
}

function counted(source: Readable, counter: FrameCounter): Readable {
  return Readable.from(passing(source, counter), { objectMode: false });
}

async function* passing(source: Readable, counter: FrameCounter): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer>) {
    counter.add(chunk);
    yield chunk;
  }
}
