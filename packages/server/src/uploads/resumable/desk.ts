/**
 * What the routes of resumable uploads do: create, write, look, remove. One desk a process; it knows who writes to what.
 */
import type { Readable } from "node:stream";
import { HoldfastError, type SyncAccepted } from "@holdfast/contract";
import {
  beginWriting,
  createResumable,
  deleteResumable,
  findResumable,
  type ResumableRow,
  resumableFolder,
} from "@holdfast/store";
import { laneOf } from "../batch.ts";
import { passGates } from "../gates.ts";
import type { UploadContext } from "../routes.ts";
import type { UploadDescription } from "./description.ts";
import { finishUpload } from "./finish.ts";
import { beyondLength, type ExpectedChecksum, offsetConflict, uploadExpired, uploadNotFound } from "./protocol.ts";
import { createChunkReceiver } from "./receive-chunk.ts";
import { Writers } from "./writers.ts";

export interface UploadState {
  readonly row: ResumableRow;
  /** The job it is part of, once its bytes are. */
  readonly job: SyncAccepted | undefined;
}

export interface ArrivingBytes {
  readonly offset: number;
  /** Of this request, where it says so. */
  readonly contentLength: number | undefined;
  readonly checksum: ExpectedChecksum | undefined;
  readonly source: Readable;
}

export interface ResumableDesk {
  create(userId: string, length: number, description: UploadDescription): Promise<UploadState>;
  write(userId: string, id: string, bytes: ArrivingBytes): Promise<UploadState>;
  /** For a client that goes on: ends whoever writes, and what it says is durable and, where whole, part of a job. */
  resume(userId: string, id: string): Promise<UploadState>;
  /** For whoever only looks. */
  look(userId: string, id: string): Promise<UploadState>;
  remove(userId: string, id: string): Promise<void>;
}

export function createResumableDesk(context: UploadContext): ResumableDesk {
  const { db, blobs, clock } = context;
  const writers = new Writers();
  const receiver = createChunkReceiver({ db, blobs, clock, processId: context.random.uuid().slice(0, 8) });

  const find = async (userId: string, id: string): Promise<ResumableRow> => {
    const row = await findResumable(db, userId, id);
    if (row === undefined) throw uploadNotFound();
    if (row.job_id === null && row.sha256 === null && row.expires_at <= clock.now()) throw uploadExpired();
    return row;
  };

  const finished = async (row: ResumableRow): Promise<UploadState> => {
    const job = await finishUpload(context, row);
    return { row, job };
  };

  return {
    async create(userId, length, { name, startedAtMs, batch, batchFiles, facts }) {
      const nowMs = clock.now();
      const { lane } = laneOf([startedAtMs], false, nowMs);
      await passGates(context, { userId, lane, oldestMs: startedAtMs, recordings: [], isOmiRoute: false, nowMs });
      const id = context.random.uuid();
      const created = await createResumable(db, { userId, id, name, length, facts, batch, batchFiles, nowMs });
      if (created.outcome === "too_many") throw tooMany();
      if (created.outcome === "batch_conflict") throw batchConflict();
      for (const replaced of created.replaced) await blobs.removeAll(resumableFolder(replaced));
      return { row: created.row, job: undefined };
    },
    async write(userId, id, { offset, contentLength, checksum, source }) {
      return await writers.alone(id, async (signal) => {
        const row = await beginWriting(db, { userId, id, offset, nowMs: clock.now() });
        if (row === undefined) {
          const now = await find(userId, id);
          // Whole since a request whose answer was lost, or whose last step failed.
          if (now.received === offset && now.sha256 !== null) return await finished(now);
          throw offsetConflict();
        }
        if (offset + (contentLength ?? 0) > row.length) throw beyondLength();
        const ends = AbortSignal.any([signal, context.draining]);
        return await finished(await receiver.receive(row, { source, checksum, signal: ends }));
      });
    },
    async resume(userId, id) {
      return await writers.alone(id, async () => await finished(await find(userId, id)));
    },
    async look(userId, id) {
      const row = await find(userId, id);
      return { row, job: row.job_id === null ? undefined : await finishUpload(context, row) };
    },
    async remove(userId, id) {
      await writers.alone(id, async () => {
        if (!(await deleteResumable(db, userId, id))) throw uploadNotFound();
        await blobs.removeAll(resumableFolder(id));
      });
    },
  };
}

function tooMany(): HoldfastError {
  return new HoldfastError("too many uploads are open; finish or remove some", {
    code: "too_many_uploads",
    class: "throttle",
    scope: "account",
    retryAfterMs: 60_000,
  });
}

function batchConflict(): HoldfastError {
  const message = "the batch has another number of files, or has them all";
  return new HoldfastError(message, { code: "conflict", class: "permanent_input" });
}
