/** A user who keeps sound: a real database, a blob folder, exports one by one by hand, and what is there afterwards. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  type AudioFile,
  type BlobStore,
  claimJob,
  type Db,
  findJob,
  type Job,
  listAudioFiles,
  openDirectoryBlobs,
  setPrivateCloudSync,
  uploadFolder,
} from "@holdfast/store";
import type { TestServer } from "@holdfast/testkit";
import { expect } from "vitest";
import { handleAudio } from "../src/audio/jobs.ts";
import { type Cleanup, USER } from "./harness.ts";
import { heard, upload } from "./uploaded.ts";

export interface KeptWorld {
  readonly db: Db;
  readonly blobs: BlobStore;
  /** A while ago, on a whole second. */
  readonly t0: number;
  files(conversationId: string): Promise<AudioFile[]>;
  /** The tones of each part, in their order. */
  heardIn(conversationId: string): Promise<number[][]>;
  /** Of each part, in seconds from `t0`. */
  startsOf(conversationId: string): Promise<number[]>;
  /** Names of the files under a prefix of the blob store. */
  stored(under?: string): Promise<string[]>;
  bytesOf(jobId: string): Promise<string[]>;
  /** The next export, leased for so long. */
  claimExport(leaseMs?: number, nowMs?: number): Promise<Job>;
  /** Works on a job as a pusher would, with a blob store that does some things otherwise. */
  work(job: Job, over?: Partial<BlobStore>, stop?: AbortController): Promise<void>;
  exportAll(): Promise<void>;
  /** A batch of one file, all of it words of one conversation, `atSeconds` from `t0`. */
  simple(atSeconds: number, hundreds: readonly number[]): Promise<{ readonly jobId: string; readonly id: string }>;
}

export async function openKeptWorld(server: TestServer, cleanup: Cleanup): Promise<KeptWorld> {
  const { db } = await server.database();
  cleanup.push(() => db.destroy());
  const folder = await mkdtemp(join(tmpdir(), "holdfast-kept-"));
  cleanup.push(() => rm(folder, { recursive: true, force: true }));
  const blobs = await openDirectoryBlobs(folder, Date.now());
  await setPrivateCloudSync(db, USER, true, Date.now());
  const t0 = Math.floor(Date.now() / 1_000) * 1_000 - 7_200_000;
  const world: KeptWorld = {
    ...{ db, blobs, t0 },
    files: (id) => listAudioFiles(db, USER, id),
    heardIn: async (id) => await Promise.all((await world.files(id)).map((file) => heard(blobs, file))),
    startsOf: async (id) => (await world.files(id)).map(({ startedAtMs }) => (startedAtMs - t0) / 1_000),
    async stored(under = ".") {
      const root = join(folder, "objects", under);
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    },
    bytesOf: (jobId) => world.stored(uploadFolder(jobId)),
    async claimExport(leaseMs = 60_000, nowMs = Date.now()) {
      const job = await claimJob(db, ["audio_export"], { owner: "test", nowMs, leaseMs });
      if (job === undefined) throw new Error("no export waits");
      return job;
    },
    async work(job, over = {}, stop = new AbortController()) {
      const deps = { db, blobs: { ...blobs, ...over }, clock: systemClock, random: systemRandom, onEvent: () => {} };
      await handleAudio(deps, job, stop.signal);
    },
    async exportAll() {
      for (;;) {
        const lease = { owner: "test", nowMs: Date.now(), leaseMs: 60_000 };
        const job = await claimJob(db, ["audio_export", "audio_removal"], lease);
        if (job === undefined) return;
        await world.work(job);
        expect(await findJob(db, USER, job.id)).toMatchObject({ state: "completed" });
      }
    },
    async simple(atSeconds, hundreds) {
      const batch = await upload(db, blobs, [{ atMs: t0 + atSeconds * 1_000, hundreds }]);
      const { created, updated } = await batch.hear(0, [0, hundreds.length], `words at ${atSeconds}`);
      await batch.end();
      return { jobId: batch.job.id, id: created[0] ?? updated[0] ?? "" };
    },
  };
  return world;
}
