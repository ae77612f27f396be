/**
 * What must be true of resumable uploads.
 *
 * - An offset that was recorded has its bytes on the disk, and never goes back; one that a client was told of is there for ever,
 *   until a job has the bytes.
 * - Bytes that were not those of their checksum are refused.
 * - What is whole becomes part of a job, also where nobody asks any more; in the end no bytes are there without their upload.
 */
import type { DatabaseEngine, SimDisk } from "@holdfast/testkit/simulator";
import type { Batch } from "./offline-sound.ts";
import type { UploadAnswer } from "./resumable.ts";
import { type JobRow, Violation } from "./violation.ts";

/** Where the bytes are until a job has them. */
export const RESUMABLES = "/blobs/objects/resumable/";

interface ResumableRow {
  readonly id: string;
  readonly received: number;
  readonly sha256: string | null;
  readonly blob_key: string | null;
  readonly job_id: string | null;
  readonly batch: string | null;
  readonly batch_files: number;
}

interface Seen {
  readonly jobs: ReadonlyMap<string, JobRow>;
}

const GONE = [404, 410];
const CONFLICT = 409;
/** Checksum Mismatch. */
const SPOILT = 460;

export class ResumablesWatch {
  readonly #engine: DatabaseEngine;
  readonly #disk: SimDisk;
  readonly #seen: Seen;
  #rows = new Map<string, ResumableRow>();

  constructor(engine: DatabaseEngine, disk: SimDisk, seen: Seen) {
    this.#engine = engine;
    this.#disk = disk;
    this.#seen = seen;
  }

  /** After each commit that touched them. */
  read(): void {
    const { rows } = this.#engine.query(
      "select id, received, sha256, blob_key, job_id, batch, batch_files from resumable_uploads order by id",
    );
    const next = new Map(rows.map((row) => [String(row.id), row as unknown as ResumableRow]));
    for (const now of next.values()) {
      if (now.received < (this.#rows.get(now.id)?.received ?? 0)) throw new Violation(`upload ${now.id} went back`);
      const bytes = now.blob_key === null ? 0 : (this.#disk.sizeOf(`/blobs/objects/${now.blob_key}`) ?? 0);
      if (now.job_id === null && bytes < now.received) {
        throw new Violation(`upload ${now.id} says ${now.received} bytes and has ${bytes}`);
      }
    }
    this.#rows = next;
  }

  /** A client hears what became of its request. */
  answered({ jobIds }: Batch, { upload, answer, isSpoilt }: UploadAnswer): void {
    const { status, headers } = answer;
    const of = `upload ${upload.path}`;
    if (GONE.includes(status)) throw new Violation(`${of} is gone: ${status}`);
    if (status === SPOILT && isSpoilt) return;
    if (status >= 300) {
      if (status === 500 || (status < 500 && status !== CONFLICT)) throw new Violation(`${of} was answered ${status}`);
      return;
    }
    if (isSpoilt) throw new Violation(`${of} took bytes that were not those of their checksum`);
    const offset = Number(headers["upload-offset"]);
    if (!(offset >= upload.toldBytes)) throw new Violation(`${of} went back from ${upload.toldBytes} to ${offset}`);
    const jobId = headers["holdfast-job"];
    if (jobId === undefined) return;
    if (!this.#seen.jobs.has(jobId)) throw new Violation(`${jobId} was accepted and there is no job`);
    jobIds.add(jobId);
  }

  /** What is whole and waits for its job, and, where everything is old, what waits to be swept. */
  unfinished(isOld: boolean): string[] {
    const rows = [...this.#rows.values()].filter(({ job_id, sha256 }) => job_id === null && sha256 !== null);
    const whole = rows.filter(
      ({ batch, batch_files }) => batch === null || rows.filter((row) => row.batch === batch).length >= batch_files,
    );
    const orphans = isOld ? this.#orphans() : [];
    return [...whole.map(({ id }) => `upload ${id} is whole`), ...orphans.map((path) => `nobody owns ${path}`)];
  }

  #orphans(): string[] {
    return this.#disk.files.flatMap(({ path }) => {
      const id = path.startsWith(RESUMABLES) ? path.slice(RESUMABLES.length).split("/")[0] : undefined;
      return id === undefined || this.#rows.has(id) ? [] : [path];
    });
  }
}
