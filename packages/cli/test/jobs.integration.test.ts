/** `holdfast jobs` as a person runs it, on a real database with jobs in it. */
import { createConversation, type Db, enqueueJob, findConversation, findJob } from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { EXIT } from "../src/exit-codes.ts";
import { cleanUp, holdfast } from "./client/run-holdfast.ts";

const NOW = Date.now();
const USER = "owner";
const id = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

let server: TestServer;
let db: Db;
let env: Record<string, string>;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  cleanUp();
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  db = database.db;
  env = { DATABASE_URL: database.url };
  return async () => await db.destroy();
});

async function deadLetter(n: number): Promise<void> {
  const conversationId = `c${n}`;
  await createConversation(db, {
    ...{ userId: USER, id: conversationId, origin: "live", source: "omi", language: "en", externalData: null },
    ...{ clientDeviceId: null, clientPlatform: null, recordingSessionId: null, silenceTimeoutMs: 120_000 },
    ...{ startedAtMs: NOW, nowMs: NOW },
  });
  const payload = { revision: 1, trigger: "stop", force: true };
  await enqueueJob(db, {
    userId: USER,
    id: id(n),
    kind: "finalization",
    conversationId,
    payload,
    dueMs: NOW,
    nowMs: NOW,
  });
  await db
    .updateTable("jobs")
    .set({ state: "dead_letter", attempts: 5, reason_code: "processing_failed", completed_at: new Date(NOW) })
    .where("id", "=", id(n))
    .execute();
  await db
    .updateTable("conversations")
    .set({ status: "failed", finalization_job_id: id(n) })
    .where("id", "=", conversationId)
    .execute();
}

test("lists, shows and retries", async () => {
  await deadLetter(1);
  await enqueueJob(db, { userId: USER, id: id(2), kind: "repair", payload: {}, dueMs: NOW, nowMs: NOW });
  const listed = await holdfast(["jobs", "list"], env);
  expect(listed.exit).toBe(EXIT.ok);
  expect(listed.stdout).toMatch(/^ID +KIND +STATE +AGE +NEXT +ATTEMPTS +WHY\n/);
  expect(listed.stdout).toMatch(new RegExp(`${id(1)}  finalization  dead_letter .* processing_failed\n`));
  const filtered = await holdfast(["jobs", "list", "--state", "queued,leased", "--kind", "repair", "--json"], env);
  expect(filtered.documents()).toMatchObject([{ jobs: [{ id: id(2), kind: "repair", state: "queued" }] }]);

  const shown = await holdfast(["jobs", "show", id(1)], env);
  expect(shown.stdout).toMatch(/^conversation: c1$/m);
  expect((await holdfast(["jobs", "show", id(9)], env)).exit).toBe(EXIT.failure);

  const retried = await holdfast(["jobs", "retry", id(1)], env);
  expect(retried).toMatchObject({ exit: EXIT.ok, stdout: `${id(1)}: finalization is queued again, as generation 2\n` });
  expect(await findJob(db, USER, id(1))).toMatchObject({ state: "queued", generation: 2, attempts: 0 });
  expect(await findConversation(db, USER, "c1")).toMatchObject({ status: "processing" });
  const again = await holdfast(["jobs", "retry", id(1)], env);
  expect(again.exit).toBe(EXIT.failure);
  expect(again.stdout).toContain("is queued");
});

test("retries every dead letter at once, and says which could not be", async () => {
  await deadLetter(1);
  await deadLetter(2);
  await db.updateTable("conversations").set({ finalization_job_id: null }).where("id", "=", "c2").execute();
  const ran = await holdfast(["jobs", "retry", "--dead-letter", "--json"], env);
  expect(ran.exit).toBe(EXIT.failure);
  const [{ retried } = { retried: [] }] = ran.documents() as { retried: { id: string; outcome: string }[] }[];
  expect(retried.map((each) => `${each.id} ${each.outcome}`).sort()).toEqual([
    `${id(1)} queued`,
    `${id(2)} superseded`,
  ]);
});

test.each([
  [["retry"]],
  [["retry", id(1), "--dead-letter"]],
  [["retry", "nonsense"]],
  [["list", "--state", "asleep"]],
  [["list", "--limit", "0"]],
])("%j is a wrong command line", async (args) => {
  const ran = await holdfast(["jobs", ...args], env);
  expect(ran).toMatchObject({ exit: EXIT.usage, stdout: "" });
  expect(ran.stderr).not.toBe("");
});
