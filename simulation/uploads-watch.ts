/**
 * What must be true of offline recordings.
 *
 * - What was accepted has a job, and the job its bytes; they go only after it is completed.
 * - A job that is completed has every word of its batch in a conversation, and nothing of it could not be decoded; every other
 *   end says why. Where the speech engine refused nothing, every word that can be decoded is stored in the end.
 * - A batch is never in work twice at a time, however often it is sent.
 * - A refusal leaves no file and no job; when all is over, no file is there without its job.
 * - Words lie where they were said: at their time, and in one conversation with those less than two minutes away from the
 *   same device, in no other.
 */
import { SYNC } from "@holdfast/contract";
import { isTerminal, type JobState } from "@holdfast/core";
import type { DatabaseEngine, SimDisk, SimProcess } from "@holdfast/testkit/simulator";
import type { HttpAnswer, Served } from "./http.ts";
import type { Batch, OfflineFile } from "./offline-sound.ts";
import { RESUMABLES, ResumablesWatch } from "./resumables-watch.ts";
import { wordsIn } from "./sound.ts";
import { isRefusal, type Telephone } from "./telephone.ts";
import { type ConversationRow, type JobRow, nameOf, Violation } from "./violation.ts";

interface Seen {
  readonly jobs: ReadonlyMap<string, JobRow>;
  readonly conversations: ReadonlyMap<string, ConversationRow>;
  readonly words: ReadonlyMap<string, string>;
  readonly contentFailures: number;
}

/** Where the files of jobs are, and where those are that no job has yet. */
const UPLOADS = "/blobs/objects/uploads/";
const STAGING = "/blobs/staging/";

export class UploadsWatch {
  readonly #engine: DatabaseEngine;
  readonly #phones: readonly Telephone[];
  readonly #disk: SimDisk;
  readonly #seen: Seen;
  /** Names of the files of each job. */
  readonly #filesOf = new Map<string, readonly string[]>();
  /** Requests that are still arriving, by their gateway. */
  readonly #receiving = new Map<string, number>();
  readonly resumables: ResumablesWatch;
  #isOld = false;
  /** Left by requests of which nobody could know whether they were committed. */
  readonly #inDoubt = new Set<string>();

  constructor(engine: DatabaseEngine, disk: SimDisk, phones: readonly Telephone[], seen: Seen) {
    this.#engine = engine;
    this.#disk = disk;
    this.#phones = phones;
    this.#seen = seen;
    this.resumables = new ResumablesWatch(engine, disk, seen);
  }

  /** Uploads that were taken. */
  get taken(): number {
    return this.#filesOf.size;
  }

  /** Files were written into the table: the bytes must be there. */
  readFiles(): void {
    const { rows } = this.#engine.query(
      "select job_id, name, bytes, blob_key from upload_files order by job_id, ordinal",
    );
    const stored = new Set(this.#disk.files.map(({ path }) => path));
    const names = new Map<string, string[]>();
    for (const row of rows) {
      const jobId = String(row.job_id);
      names.set(jobId, [...(names.get(jobId) ?? []), String(row.name)]);
      if (this.#filesOf.has(jobId) || stored.has(`/blobs/objects/${row.blob_key}`)) continue;
      throw new Violation(`job ${jobId} was accepted without its bytes`);
    }
    for (const [jobId, files] of names) if (!this.#filesOf.has(jobId)) this.#filesOf.set(jobId, files);
  }

  /** After each commit that touched jobs; `before` is the row as it was. */
  checkJob(before: JobRow | undefined, now: JobRow): void {
    if (now.kind !== "sync") return;
    const goesBack = progressOf(before) > progressOf(now);
    if (goesBack) throw new Violation(`the progress of job ${nameOf(now)} went back`);
    if (!isTerminal(now.state as JobState)) this.#checkAlone(now);
    else if (before?.state !== now.state) this.#checkResult(now);
  }

  #checkResult(now: JobRow): void {
    this.#checkEnd(now);
    const { new_memories: begun = [], updated_memories: grown = [] } = now.result ?? {};
    for (const id of [begun, grown].flat()) {
      if (now.payload.from_ledger !== true && !this.#seen.conversations.has(String(id))) {
        throw new Violation(`job ${nameOf(now)} names conversation ${id}, which is not there`);
      }
    }
  }

  #checkAlone(job: JobRow): void {
    const files = this.#filesOf.get(job.id)?.toSorted().join();
    for (const other of this.#seen.jobs.values()) {
      if (other.kind !== "sync" || other.id === job.id || isTerminal(other.state as JobState)) continue;
      if (
        other.user_id === job.user_id &&
        files !== undefined &&
        this.#filesOf.get(other.id)?.toSorted().join() === files
      ) {
        throw new Violation(`a batch is in work twice: ${nameOf(job)}, ${nameOf(other)}`);
      }
    }
  }

  #checkEnd(job: JobRow): void {
    const files = this.#known(this.#filesOf.get(job.id) ?? []);
    if (job.state === "completed") {
      if (files.some(({ isDamaged }) => isDamaged)) throw new Violation(`job ${nameOf(job)} hides what it lost`);
      this.#checkStored(files, `job ${nameOf(job)} is completed`);
      return;
    }
    const { errors = [] } = job.result ?? {};
    const says =
      job.state === "partial_failure" ? Array.isArray(errors) && errors.length > 0 : job.reason_code !== null;
    if (!says) throw new Violation(`job ${nameOf(job)} does not say why`);
    // Answered with an end that the content met before.
    if (job.payload.from_ledger === true) return;
    if (this.#seen.contentFailures > 0) return;
    if (!files.some(({ isDamaged }) => isDamaged))
      throw new Violation(`job ${nameOf(job)} ended for ${job.reason_code}`);
    this.#checkStored(files, `job ${nameOf(job)} is over`);
  }

  #checkStored(files: readonly OfflineFile[], when: string): void {
    for (const { name } of files.flatMap(({ words }) => words)) {
      if (!this.#seen.words.has(name)) throw new Violation(`${when} and the word ${name} is not stored`);
    }
  }

  /** A client hears what became of its request. */
  answered({ plan }: Telephone, batch: Batch, { status, body }: HttpAnswer): void {
    if (status === 500) throw new Violation(`a telephone was answered ${status}: ${JSON.stringify(body)}`);
    if (status === 202) {
      const id = String(body.job_id);
      const job = this.#seen.jobs.get(id);
      batch.jobIds.add(id);
      if (job === undefined || job.user_id !== plan.userId)
        throw new Violation(`${id} was accepted and there is no job`);
      if (batch.isTooOld) throw new Violation(`${id} was accepted and is too old`);
      return;
    }
    if (batch.isTooOld && status !== 422) {
      if (!(status >= 500)) throw new Violation(`what is too old was answered ${status}`);
    }
    if (!batch.isTooOld && status < 500) throw new Violation(`a batch was refused: ${status} ${JSON.stringify(body)}`);
    if (!batch.mayBeTaken && batch.underWay === 0) this.#checkUntaken(batch);
  }

  #checkUntaken(batch: Batch): void {
    const names = keyOf(batch);
    // Two batches may happen to be the same.
    const twin = this.#phones.some(({ batches }) => batches.some((other) => other !== batch && keyOf(other) === names));
    if (twin) return;
    for (const [id, known] of this.#filesOf) {
      if (known.toSorted().join() === names) throw new Violation(`what was refused has job ${id}`);
    }
  }

  viewed(batch: Batch, jobId: string, { status, body }: HttpAnswer): void {
    if (status !== 200) throw new Violation(`job ${jobId} was accepted and is answered ${status}`);
    if (body.status === "completed") this.#checkStored(batch.files, `job ${jobId} says completed`);
    const said = typeof body.reason_code === "string" || typeof body.result === "object";
    if (body.status === "failed" && !said) throw new Violation(`job ${jobId} failed and does not say why`);
  }

  /** Our own library will not send these again. */
  confirmed(files: readonly OfflineFile[]): void {
    this.#checkStored(files, "the library is done");
  }

  /** Our own library asked something that it never may. */
  broken({ plan }: Telephone, why: string): void {
    throw new Violation(`the library of telephone ${plan.number}: ${why}`);
  }

  receiving({ name }: SimProcess, change: 1 | -1): void {
    this.#receiving.set(name, (this.#receiving.get(name) ?? 0) + change);
  }

  /** A gateway is about to answer. */
  served(by: SimProcess, { request, answer, inWork }: Served): void {
    if (request.method === "GET" || inWork > 0) return;
    const own = this.#disk.files.filter((file) => file.by === by.name);
    if (own.some(({ path }) => path.startsWith(STAGING)))
      throw new Violation(`an answer ${answer.status} left bytes behind`);
    // A sweep may be about to make a job of what is whole.
    if (own.some(({ path }) => path.startsWith(RESUMABLES))) return;
    for (const { path } of own) {
      const id = jobIdOf(path);
      if (id === undefined || this.#seen.jobs.has(id) || this.#inDoubt.has(id)) continue;
      if (answer.status >= 500 && !isRefusal(answer)) this.#inDoubt.add(id);
      else throw new Violation(`an answer ${answer.status} left the files of no job behind`);
    }
  }

  /** A file goes. */
  removed(path: string): void {
    const job = this.#seen.jobs.get(jobIdOf(path) ?? "");
    // A job that answers with an older end never had any.
    if (job === undefined || job.state === "completed" || job.payload.from_ledger === true) return;
    throw new Violation(`bytes of job ${nameOf(job)} are removed`);
  }

  unfinished(): string[] {
    const phones = this.#phones
      .filter((phone) => !phone.isGone && !phone.done)
      .map(({ plan, batches }) => `telephone ${plan.number} (${batches.map(({ outcome }) => outcome ?? "-").join()})`);
    return [...phones, ...this.resumables.unfinished(this.#isOld)];
  }

  /** After everything came to rest: what these processes made is owned by jobs. */
  checkLiving(names: readonly string[]): void {
    this.#isOld = true;
    for (const { path, by } of this.#disk.files) {
      // A connection that is half open is given up after minutes.
      const isReceiving = (this.#receiving.get(by) ?? 0) > 0 || path.startsWith(RESUMABLES);
      if (!names.includes(by) || isReceiving) continue;
      const id = jobIdOf(path);
      if (id !== undefined && (this.#seen.jobs.has(id) || this.#inDoubt.has(id))) continue;
      throw new Violation(`${by} left bytes behind: ${path.slice(0, 30)}`);
    }
  }

  /** After everything came to rest, and what dead processes left was swept away. */
  final(): void {
    for (const { path } of this.#disk.files) {
      // Bytes of uploads that are not whole wait for their client.
      if (path.startsWith(RESUMABLES)) continue;
      const id = jobIdOf(path);
      if (id === undefined || !this.#seen.jobs.has(id))
        throw new Violation(`nobody owns the bytes of ${path.slice(0, 30)}`);
    }
    for (const { batches } of this.#phones) for (const { jobIds } of batches) this.#checkJobs(jobIds);
    this.#checkPlaces();
  }

  #checkJobs(ids: ReadonlySet<string>): void {
    for (const id of ids) {
      const job = this.#seen.jobs.get(id);
      if (job === undefined || !isTerminal(job.state as JobState))
        throw new Violation(`job ${id} was accepted and never ended`);
      if (job.payload.from_ledger !== true) this.#checkEnd(job);
    }
  }

  #checkPlaces(): void {
    const said = new Map<string, { readonly atMs: number; readonly phone: Telephone }>();
    for (const phone of this.#phones) {
      for (const { name, atMs } of phone.batches.flatMap(({ files }) => files.flatMap(({ words }) => words))) {
        said.set(name, { atMs, phone });
      }
    }
    const { rows } = this.#engine.query(
      `select c.id, c.user_id, c.source, c.client_device_id, c.started_at, c.deleted_at, s.start_s, s.end_s, s.text
       from segments s join conversations c on c.user_id = s.user_id and c.id = s.conversation_id`,
    );
    const spans = new Map<string, { readonly startMs: number; readonly endMs: number; readonly id: string }[]>();
    for (const row of rows) {
      const [first] = wordsIn(String(row.text));
      const word = said.get(first ?? "");
      if (word === undefined) continue;
      const startMs = Number(row.started_at) + Number(row.start_s) * 1_000;
      if (row.deleted_at !== null) throw new Violation(`the word ${first} is in a conversation that is gone`);
      if (Math.abs(startMs - word.atMs) > 2) {
        throw new Violation(`the word ${first} is at the wrong time: off by ${startMs - word.atMs} ms`);
      }
      if (row.user_id !== word.phone.plan.userId) throw new Violation(`the word ${first} is somebody else's`);
      const device = `${row.user_id} ${row.client_device_id}`;
      const endMs = Number(row.started_at) + Number(row.end_s) * 1_000;
      if (this.#isAimed(device)) continue;
      const key = `${device} ${row.source}`;
      spans.set(key, [...(spans.get(key) ?? []), { startMs, endMs, id: String(row.id) }]);
    }
    for (const own of spans.values()) checkConversations(own);
  }

  /** What a client says about the home of its words goes before their time. */
  #isAimed(device: string): boolean {
    return this.#phones.some(({ plan, hasAimed }) => hasAimed && device === `${plan.userId} null`);
  }

  #known(names: readonly string[]): OfflineFile[] {
    const files = this.#phones.flatMap(({ batches }) => batches.flatMap((batch) => batch.files));
    return names.flatMap((name) => files.find((file) => file.name === name) ?? []);
  }
}

/** Spans of one device: those less than the join gap apart are in one conversation, all others in different ones. */
function checkConversations(spans: readonly { startMs: number; endMs: number; id: string }[]): void {
  const ordered = spans.toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  let endMs = Number.NEGATIVE_INFINITY;
  let id: string | undefined;
  for (const span of ordered) {
    const gapMs = Math.round(span.startMs - endMs);
    if (id !== undefined && gapMs < SYNC.joinGapMs !== (span.id === id)) {
      throw new Violation(`speech after a pause of ${gapMs} ms is ${span.id === id ? "joined" : "divided"}`);
    }
    endMs = Math.max(endMs, span.endMs);
    id = span.id;
  }
}

function keyOf({ files }: Batch): string {
  return files
    .map(({ name }) => name)
    .toSorted()
    .join();
}

function jobIdOf(path: string): string | undefined {
  return path.startsWith(UPLOADS) ? path.slice(UPLOADS.length).split("/")[0] : undefined;
}

/** How far a job is, as one number that never shrinks. */
function progressOf(job: JobRow | undefined): number {
  return Number(job?.progress?.done_files ?? 0) * 1e9 + Number(job?.progress?.done_samples ?? 0);
}
