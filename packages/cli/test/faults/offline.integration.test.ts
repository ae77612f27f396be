/**
 * Workers and PostgreSQL killed, hung, racing, restarted and full while the recordings of a user become a conversation (issue 4,
 * "Proof"). One gateway, one PostgreSQL and the real speech process are shared; every row has a user and workers of its own.
 */
import type { Job } from "@holdfast/store";
import { withTableLocked } from "@holdfast/testkit";
import { expect } from "vitest";
import { BACKLOG, backlogOf, expectQuick, fillQueue } from "./offline/backlog.ts";
import { batchAfterSilence, batchWithGarbage } from "./offline/batch.ts";
import { expectFullAtEveryWrite } from "./offline/full-disk.ts";
import {
  atJobsEnd,
  beforeAssigningCommit,
  beforeJobEnds,
  expectAcceptedUnheard,
  expectBytes,
  killAndReplace,
  whileDecoding,
  whileTranscribing,
} from "./offline/moments.ts";
import { type Row, testRows } from "./offline/row.ts";
import type { Stage } from "./offline/stage.ts";

const LEASE_LIMIT_MS = 30_000;
const EIGHT_DAYS_MS = 8 * 86_400_000;

async function sendAndWork(stage: Stage): Promise<void> {
  await stage.startWorker();
  await stage.send();
}

/** The second of two workers ended the job, and the first one's lease was lost. */
async function expectTakenOver(stage: Stage): Promise<void> {
  expect((await stage.job()).epoch).toBe(2);
  expect(stage.worker.output()).toContain("job_taken_over");
}

/** Nothing was asked twice that was stored. */
function expectAsked(stage: Stage, questions: number): void {
  expect(stage.speech.asked()).toBe(questions);
}

/** A worker that is killed while a transaction of it stands at its commit, so many recordings being stored. */
function killedIn(
  when: string,
  at: { readonly stored: number; readonly moment: typeof beforeJobEnds; readonly questions: number },
): Row {
  return {
    what: "worker killed",
    when,
    keeps: at.stored + 1,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, at.stored);
      await at.moment(stage, async () => {
        await expectBytes(stage);
        await stage.worker.kill();
      });
      await stage.runOutLease();
      await stage.startWorker();
    },
    async after(stage) {
      await expectTakenOver(stage);
      expectAsked(stage, at.questions);
    },
  };
}

const ROWS: readonly Row[] = [
  {
    what: "worker killed",
    when: "after the lease, before it knows the files",
    async strike(stage) {
      await stage.send();
      await withTableLocked(stage.world.db, "upload_files", async (stuck) => {
        await stage.startWorker();
        await stuck();
        expect(await stage.job()).toMatchObject({ state: "leased", epoch: 1, stage: null });
        await expectBytes(stage);
        await stage.worker.kill();
      });
      await stage.runOutLease();
      await stage.startWorker();
    },
    after: expectTakenOver,
  },
  {
    what: "worker killed",
    when: "while it decodes",
    batch: batchAfterSilence,
    async strike(stage) {
      await sendAndWork(stage);
      await whileDecoding(stage);
      await killAndReplace(stage);
    },
    after: expectTakenOver,
  },
  {
    what: "worker killed",
    when: "while it transcribes, the first recording stored and the second not; its lease runs out by itself",
    keeps: 2,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, 1);
      await expectBytes(stage);
      await stage.worker.kill();
      const killedMs = Date.now();
      await stage.startWorker();
      await stage.until("the second lease", ({ epoch }) => epoch === 2);
      expect(Date.now() - killedMs).toBeLessThan(LEASE_LIMIT_MS);
    },
    async after(stage) {
      await expectTakenOver(stage);
      expectAsked(stage, 4);
    },
  },
  killedIn("with the words of the second recording written and not committed", {
    stored: 1,
    moment: beforeAssigningCommit,
    questions: 4,
  }),
  killedIn("with all words committed, before the job ends", { stored: 2, moment: beforeJobEnds, questions: 3 }),
  {
    what: "worker killed",
    when: "when the job has ended, before its files are removed",
    keeps: 3,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, 2);
      await atJobsEnd(stage, async () => stage.worker.hang());
      await stage.until("the commit", ({ state }) => state === "completed");
      await expectBytes(stage);
      await stage.worker.kill();
      await stage.startWorker();
    },
    after: (stage) => expectAsked(stage, 3),
  },
  {
    what: "two workers",
    when: "claim one job at the same moment",
    async strike(stage) {
      await stage.send();
      await withTableLocked(stage.world.db, "sync_turns", async (stuck) => {
        await Promise.all([stage.startWorker(), stage.startWorker()]);
        await stuck(2);
      });
    },
    async after(stage) {
      expect((await stage.job()).epoch).toBe(1);
      expect(stage.workers.filter((worker) => worker.output().includes("job_leased"))).toHaveLength(1);
      expectAsked(stage, 3);
    },
  },
  {
    what: "two workers",
    when: "have one job: one hung beyond its lease goes on when the other is done, and writes nothing",
    keeps: 2,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, 1);
      stage.worker.hang();
      await stage.runOutLease();
      await stage.startWorker();
    },
    async after(stage) {
      const [hung] = stage.workers;
      const job = await stage.job();
      const segments = async () =>
        await stage.world.db.selectFrom("segments").selectAll().where("user_id", "=", stage.userId).execute();
      const before = await segments();
      stage.speech.letGo();
      hung?.goOn();
      // It is alive again, and takes the next job while the other one is gone.
      await stage.worker.kill();
      const next = await stage.another();
      await next.send();
      await next.until("the end of the next job", ({ state }) => state === "completed");
      expect(await stage.job()).toEqual(job);
      expect(await segments()).toEqual(before);
      await expectTakenOver(stage);
    },
  },
  {
    what: "PostgreSQL killed",
    when: "when words are to be stored",
    keeps: 2,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, 1);
      const back = stage.world.crashDatabase();
      stage.speech.letGo();
      await back;
      // Its lease runs out, or its words were in time after all.
      const isOver = ({ state }: Job) => state !== "leased" || stage.worker.output().includes("the lease will run out");
      await stage.until("the worker to give up", isOver);
      await stage.runOutLease();
    },
  },
  {
    what: "PostgreSQL restarted in order",
    when: "while the second recording is transcribed",
    keeps: 2,
    async strike(stage) {
      await sendAndWork(stage);
      await whileTranscribing(stage, 1);
      await stage.world.restartDatabase();
      stage.speech.letGo();
    },
  },
  {
    what: "connection to PostgreSQL lost",
    when: "while the acceptance commits, which then succeeds without anybody who hears of it",
    strike: expectAcceptedUnheard,
  },
  {
    what: "PostgreSQL without room on its disk",
    when: "at every write, from the upload to the end of the job",
    strike: expectFullAtEveryWrite,
  },
  {
    what: "the same batch",
    when: "uploaded twenty times at once through two gateways",
    async strike(stage) {
      await stage.startWorker();
      await using other = await stage.startGateway();
      const urls = [stage.world.url, other.url];
      const reversed = [...stage.batch].reverse();
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => stage.post(urls[at % 2], at % 4 < 2 ? stage.batch : reversed)),
      );
      const accepted = await Promise.all(answers.map((answer) => stage.taken(answer)));
      expect(new Set(accepted.map(({ job_id }) => job_id)).size).toBe(1);
    },
    after: (stage) => expectAsked(stage, 3),
  },
  {
    what: "a batch",
    when: "with one corrupt recording: the others are there, the loss is told, and the bytes stay as long as the job",
    batch: batchWithGarbage,
    strike: sendAndWork,
    ends: { status: "partial_failure", lost: 1, errors: ["sync_invalid_audio"] },
    async after(stage) {
      await stage.world.db
        .updateTable("jobs")
        .set({ completed_at: new Date(Date.now() - EIGHT_DAYS_MS) })
        .where("id", "=", stage.jobId)
        .execute();
      expect(await stage.worker.stop()).toBe(0);
      await stage.startWorker();
      await expect.poll(async () => (await stage.get(`/v2/sync-local-files/${stage.jobId}`)).status).toBe(404);
      expect(await stage.files()).toEqual([]);
    },
  },
  {
    what: "a queue",
    when: "of ten thousand jobs of others: a fresh recording is served at once, and everything answers",
    async strike(stage) {
      await fillQueue(stage);
      await sendAndWork(stage);
      await stage.until("the end of the job", ({ state }) => state === "completed");
      expect((await backlogOf(stage)).queued).toBeGreaterThan(BACKLOG / 2);
    },
    after: expectQuick,
  },
];

testRows(ROWS);
