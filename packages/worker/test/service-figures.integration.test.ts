/** What a worker counts reaches the store in time, once, and survives a database that was away. */
import { silentLog } from "@holdfast/core";
import { type ClaimedJob, listServiceFigures, loadQueue } from "@holdfast/store";
import { startTestServer, type TestDatabase, type TestServer } from "@holdfast/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { startServiceFigures } from "../src/service-figures.ts";

let server: TestServer;
let database: TestDatabase;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => await server?.[Symbol.asyncDispose]());
beforeEach(async () => {
  database = await server.database();
});

const T0 = 1_800_000_000_000;

function world() {
  let nowMs = T0;
  let tick = (): void => {};
  const clock = {
    now: () => nowMs,
    after: () => expect.fail("no timer is asked for"),
    every: (_ms: number, call: () => void) => {
      tick = call;
      return { cancel: () => {} };
    },
  };
  const figures = startServiceFigures({ db: database.db, clock, log: silentLog });
  const wait = (ms: number): void => {
    nowMs += ms;
  };
  return { figures, tick: () => tick(), wait };
}

const job = (over: Partial<ClaimedJob> = {}): ClaimedJob => ({
  ...{ userId: "u", id: "00000000-0000-4000-8000-000000000001", kind: "sync", state: "leased", conversationId: null },
  ...{ lane: "fresh", payload: {}, result: null, progress: null, stage: null, generation: 1, attempts: 0, tries: 0 },
  ...{ lostLeases: 0, epoch: 1, reasonCode: null, lastError: null, dueMs: T0, createdMs: T0, startedMs: T0 },
  ...{ completedMs: null, audioSeconds: 60, takenOver: false },
  ...over,
});

const stored = async () =>
  (await listServiceFigures(database.db)).map(({ name, labels, value }) =>
    [name, ...Object.values(labels), value].join(" "),
  );

const DONE = { outcome: "completed", class: "none", reason: null } as const;

it("counts outcomes, a histogram, takeovers and the speed, and adds to what is there", async () => {
  for (const _ of [1, 2]) {
    const { figures, wait } = world();
    figures.claimed(job());
    figures.claimed(job({ takenOver: true }));
    wait(3_000);
    figures.ended(job(), DONE, T0);
    figures.ended(job(), { outcome: "retried", class: "transport", reason: "stt_upstream_error" }, T0);
    await figures.stop();
  }
  const lines = await stored();
  expect(lines).toContain("takeovers sync 2");
  expect(lines).toContain("outcomes none fresh completed none 2");
  expect(lines).toContain("outcomes transport fresh retried stt_upstream_error 2");
  expect(lines.filter((line) => line.startsWith("service_seconds"))).toEqual(
    expect.arrayContaining([
      "service_seconds_bucket fresh 5 2",
      "service_seconds_bucket fresh +Inf 2",
      "service_seconds_count fresh 2",
      "service_seconds_sum fresh 6",
    ]),
  );
  expect(lines).not.toContainEqual(expect.stringMatching(/^service_seconds_bucket fresh 2 /));
  expect(await loadQueue(database.db)).toMatchObject({ speed: 20, speedMeasuredMs: T0 + 3_000 });
});

it("does not call a failure fast work", async () => {
  const { figures, wait } = world();
  wait(1_000);
  figures.ended(job(), { outcome: "failed", class: "permanent_input", reason: "sync_invalid_audio" }, T0);
  await figures.stop();
  expect((await loadQueue(database.db)).speed).toBeUndefined();
  expect(await stored()).toContain("outcomes permanent_input fresh failed sync_invalid_audio 1");
});

it("keeps what could not be written, and writes it once", async () => {
  const { figures, wait, tick } = world();
  wait(1_000);
  figures.ended(job(), DONE, T0);
  await sql`alter table service_figures rename to away`.execute(database.db);
  tick();
  figures.claimed(job({ takenOver: true }));
  await figures.stop();
  expect(await sql`select 1 from away`.execute(database.db)).toMatchObject({ rows: [] });
  await sql`alter table away rename to service_figures`.execute(database.db);
  await figures.stop();
  await figures.stop();
  expect(await stored()).toEqual(
    expect.arrayContaining([
      "outcomes none fresh completed none 1",
      "takeovers sync 1",
      "service_seconds_count fresh 1",
    ]),
  );
  expect((await loadQueue(database.db)).speed).toBe(60);
});
