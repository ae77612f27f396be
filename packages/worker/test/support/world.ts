/** A worker's surroundings: a real database, a blob folder, uploads as the gateway makes them, and waiting for their end. */
import { createHash, randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { parseConfig } from "@holdfast/contract";
import { type Clock, isTerminal, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  acceptUpload,
  type BlobStore,
  type Db,
  findJob,
  type Job,
  listConversations,
  openDirectoryBlobs,
  uploadFolder,
} from "@holdfast/store";
import { type TestServer, waitFor } from "@holdfast/testkit";
import { type RunningWorker, startWorker } from "../../src/index.ts";
import type { TestFile } from "./sounds.ts";

export const USER = "u1";
/** A moment in the past for recordings. */
export const T0 = Date.UTC(2026, 0, 15, 9);

export interface UploadOptions {
  readonly kind?: "omi" | "sound";
  readonly source?: string;
  readonly startedAtMs?: number;
  readonly language?: string | null;
  /** `fresh` unless told otherwise. */
  readonly lane?: "fresh" | "backfill";
  /** What else the gateway knows. */
  readonly payload?: Readonly<Record<string, unknown>>;
}

export interface World extends AsyncDisposable {
  readonly db: Db;
  readonly url: string;
  readonly blobs: BlobStore;
  readonly blobRoot: string;
  /** Settings of a worker process in this world. */
  settings(speechUrl: string): Record<string, string>;
  /** A worker inside this process. Ended with the world. */
  start(speechUrl: string, clock?: Clock): Promise<RunningWorker>;
  upload(files: readonly TestFile[], options?: UploadOptions): Promise<string>;
  job(id: string): Promise<Job>;
  /** The job once it is terminal. */
  ended(id: string, deadlineMs?: number): Promise<Job>;
  /** Conversations by start, each with the words in it. */
  spoken(): Promise<{ id: string; startMs: number; endMs: number; words: string[]; starts: number[] }[]>;
}

export async function openWorld(server: TestServer): Promise<World> {
  const { db, url } = await server.database();
  const root = await mkdtemp(join(tmpdir(), "holdfast-worker-"));
  const blobRoot = join(root, "blobs");
  const blobs = await openDirectoryBlobs(blobRoot, Date.now());
  const workers: RunningWorker[] = [];

  const settings = (speechUrl: string): Record<string, string> => ({
    DATABASE_URL: url,
    HOLDFAST_DATA: root,
    HOLDFAST_STT: "embedded",
    HOLDFAST_SPEECH_URL: speechUrl,
  });

  const job = async (id: string): Promise<Job> => {
    const found = await findJob(db, USER, id);
    if (found === undefined) throw new Error("there is no such job");
    return found;
  };

  return {
    db,
    url,
    blobs,
    blobRoot,
    settings,
    job,
    async start(speechUrl, clock = systemClock) {
      const config = parseConfig(settings(speechUrl));
      const worker = await startWorker({ db, blobs, config, clock, random: systemRandom, log: silentLog });
      workers.push(worker);
      return worker;
    },
    async upload(files, options = {}) {
      const jobId = randomUUID();
      const stored = [];
      for (const [ordinal, file] of files.entries()) {
        const blobKey = `${uploadFolder(jobId)}/${ordinal}`;
        const staged = await blobs.stage(Readable.from([Buffer.from(file.bytes)]), { maxBytes: 1e9 });
        await blobs.commit(staged, blobKey);
        const { bytes, sha256 } = staged;
        stored.push({ name: file.name, bytes, sha256, blobKey, capturedAtMs: file.capturedAtMs });
      }
      const contentId = createHash("sha256")
        .update(stored.map((f) => f.name + f.sha256).join())
        .digest("hex");
      const payload = {
        kind: options.kind ?? "omi",
        source: options.source ?? "omi",
        client_device_id: null,
        client_platform: null,
        language: options.language ?? null,
        conversation_id: null,
        lane: options.lane ?? "fresh",
        started_at_ms: options.startedAtMs,
        ...options.payload,
      };
      const accepted = await acceptUpload(db, {
        userId: USER,
        jobId,
        contentId,
        lane: options.lane ?? "fresh",
        payload,
        conversationId: null,
        files: stored,
        nowMs: Date.now(),
      });
      return accepted.outcome === "known" ? accepted.job.id : jobId;
    },
    ended(id, deadlineMs = 30_000) {
      return waitFor(
        "the end of a job",
        async () => {
          const found = await job(id);
          return isTerminal(found.state) ? found : undefined;
        },
        deadlineMs,
      );
    },
    async spoken() {
      const list = await listConversations(db, {
        userId: USER,
        statuses: [],
        sources: [],
        includeDiscarded: true,
        starred: null,
        startMs: null,
        endMs: null,
        limit: 100,
        offset: 0,
      });
      return list
        .map((conversation) => ({
          id: conversation.id,
          startMs: Date.parse(conversation.started_at ?? ""),
          endMs: Date.parse(conversation.finished_at ?? ""),
          words: conversation.transcript_segments.map((segment) => segment.text),
          starts: conversation.transcript_segments.map((segment) => segment.start),
        }))
        .sort((a, b) => a.startMs - b.startMs);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.close()));
      await db.destroy();
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
