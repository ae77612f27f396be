/**
 * The bytes of one PATCH: written and hashed as they come, made durable, and only then recorded, so that an offset once told is
 * an offset for ever. While much arrives it is recorded every few megabytes, and a client that goes away in the middle keeps
 * what it sent. Bytes with a checksum count only when all of them are there and right.
 *
 * A process that finds bytes of another one goes on in a copy of them: the other may still live, and believe that it writes.
 */
import type { Readable } from "node:stream";
import { HoldfastError, RESUMABLE } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import {
  type BlobPrefix,
  type BlobStore,
  type Db,
  type GrowingBlob,
  type ResumableRow,
  recordReceived,
  resumableFolder,
} from "@holdfast/store";
import { beyondLength, type ExpectedChecksum, offsetConflict, requireChecksum } from "./protocol.ts";
import { WriteBehind } from "./write-behind.ts";

/** Digests of uploads that were left in the middle; of others the bytes are read again. */
const DIGESTS_REMEMBERED = 1_000;

export interface Chunk {
  readonly source: Readable;
  readonly checksum: ExpectedChecksum | undefined;
  /** Ends it before its time. */
  readonly signal: AbortSignal;
}

export interface ChunkReceiver {
  /** The upload as it is durable now, which may be whole. Throws what the client must know. */
  receive(row: ResumableRow, chunk: Chunk): Promise<ResumableRow>;
}

interface ReceiverDeps {
  readonly db: Db;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** Names this process among those that share the database. */
  readonly processId: string;
}

export function createChunkReceiver(deps: ReceiverDeps): ChunkReceiver {
  const digests = new Map<string, BlobPrefix>();
  const remember = (blobKey: string, prefix: BlobPrefix): void => {
    digests.set(blobKey, prefix);
    const oldest = digests.size > DIGESTS_REMEMBERED ? digests.keys().next().value : undefined;
    if (oldest !== undefined) digests.delete(oldest);
  };

  const open = async (row: ResumableRow): Promise<{ readonly blob: GrowingBlob; readonly blobKey: string }> => {
    const own = `${resumableFolder(row.id)}/${deps.processId}-`;
    const isOurs = row.blob_key?.startsWith(own) === true;
    const blobKey = isOurs && row.blob_key !== null ? row.blob_key : `${own}${row.epoch}`;
    const known = digests.get(blobKey);
    digests.delete(blobKey);
    const from = known?.bytes === row.received ? known : { bytes: row.received };
    const copyOf = isOurs || row.received === 0 ? undefined : (row.blob_key ?? undefined);
    return { blob: await deps.blobs.grow(blobKey, from, copyOf), blobKey };
  };

  return {
    async receive(row, chunk) {
      const { blob, blobKey } = await open(row);
      let latest = row;
      const record = async (): Promise<void> => {
        const bytes = await blob.flush();
        const sha256 = bytes === row.length && bytes === blob.bytes() ? blob.sha256() : null;
        const key = { userId: row.user_id, id: row.id, epoch: row.epoch };
        const nowMs = deps.clock.now();
        if (!(await recordReceived(deps.db, key, { bytes, blobKey, sha256, nowMs }))) throw offsetConflict();
        latest = { ...latest, received: bytes, blob_key: blobKey, sha256, expires_at: nowMs + RESUMABLE.expireMs };
      };
      try {
        const { brokenOff } = await write(row, chunk, blob, record);
        await record();
        if (latest.sha256 === null) remember(blobKey, blob.prefix());
        if (brokenOff) throw interrupted();
        return latest;
      } finally {
        await blob.close();
      }
    },
  };
}

/** Writes what comes. Throws where nothing of it may be recorded. */
async function write(
  row: ResumableRow,
  { source, checksum, signal }: Chunk,
  blob: GrowingBlob,
  record: () => Promise<void>,
): Promise<{ readonly brokenOff: boolean }> {
  const writer = new WriteBehind(blob, checksum === undefined ? record : undefined);
  let left = row.length - row.received;
  let brokenOff = false;
  try {
    for await (const chunk of bytesOf(source, signal)) {
      if (chunk === BROKEN_OFF) {
        brokenOff = true;
        break;
      }
      left -= chunk.length;
      if (left < 0) throw beyondLength();
      checksum?.hash.update(chunk);
      await writer.add(chunk);
    }
  } finally {
    await writer.end();
  }
  if (checksum !== undefined && brokenOff) throw interrupted();
  if (checksum !== undefined) requireChecksum(checksum);
  return { brokenOff };
}

const BROKEN_OFF: unique symbol = Symbol("the bytes ended before their time");

/** The source is left open, because the answer needs its connection. */
async function* bytesOf(source: Readable, signal: AbortSignal): AsyncGenerator<Buffer | typeof BROKEN_OFF> {
  const end = (): void => void source.destroy();
  signal.addEventListener("abort", end, { once: true });
  try {
    if (!signal.aborted) for await (const chunk of source.iterator({ destroyOnReturn: false })) yield chunk as Buffer;
    if (signal.aborted) yield BROKEN_OFF;
  } catch {
    yield BROKEN_OFF;
  } finally {
    signal.removeEventListener("abort", end);
  }
}

function interrupted(): HoldfastError {
  const message = "the bytes ended too early; ask with HEAD how many there are";
  return new HoldfastError(message, { code: "upload_interrupted", class: "transport", retryAfterMs: 1_000 });
}
