/** Pushers as real processes: killed in the middle of a job, ended by SIGTERM, silent about what people said, and small. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { findJob } from "@holdfast/store";
import { startScriptedLlm, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import {
  type Cleanup,
  cleanUp,
  jobState,
  link,
  pusher,
  pusherProcess,
  requestFor,
  spoken,
  USER,
  untilCompleted,
} from "./harness.ts";
import { said } from "./said.ts";

const SECRET = "Xylophone";
const TEXT = `The ${SECRET} budget is almost used up. I need to send the report to Anna by Friday.`;
const cleanup: Cleanup = [];
let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
afterEach(async () => {
  await cleanUp(cleanup);
});

it("a pusher killed in the middle of a job is replaced after its lease, and the job is done once", async () => {
  const { db, url } = await server.database();
  cleanup.push(() => db.destroy());
  const llm = await startScriptedLlm();
  cleanup.push(() => llm[Symbol.asyncDispose]());
  llm.script({ kind: "hang" }, { kind: "json", answer: { title: "Second try", memories: ["Reports to Anna."] } });
  const settings = { DATABASE_URL: url, HOLDFAST_LLM_URL: llm.url };

  const first = await pusherProcess(cleanup, settings);
  const ticket = await spoken(db, "c1", said(TEXT));
  const doomed = await link(cleanup, first.port);
  doomed.ask(requestFor("c1", ticket));
  await expect.poll(() => llm.requests.length, { timeout: 10_000 }).toBe(1);
  first.child.kill("SIGKILL");
  const killedMs = Date.now();
  await doomed.closed;

  const second = await pusherProcess(cleanup, settings);
  const { ask, answer } = await link(cleanup, second.port);
  ask(requestFor("c1", ticket));
  expect(await answer("c1")).toEqual({ conversation_id: "c1", error: "job_leased" });
  const conversation = await untilCompleted(db, "c1", 30_000);
  expect(Date.now() - killedMs).toBeLessThan(20_000);
  expect(conversation).toMatchObject({ summary_kind: "llm", structured: { title: "Second try" } });
  expect(await findJob(db, USER, ticket.jobId)).toMatchObject({ state: "completed", epoch: 2, attempts: 0 });
  expect(llm.requests).toHaveLength(2);
  expect((await db.selectFrom("memories").selectAll().execute()).length).toBe(1);
  ask(requestFor("c1", ticket));
  expect(await answer("c1")).toEqual({ conversation_id: "c1", success: true });
  expect(first.output() + second.output()).not.toContain(SECRET);
}, 60_000);

it("a database killed in the middle of a job is waited for, and the job is done once", async () => {
  const own = await startTestServer();
  cleanup.push(() => own[Symbol.asyncDispose]());
  const { db } = await own.database();
  cleanup.push(() => db.destroy());
  const llm = await startScriptedLlm();
  cleanup.push(() => llm[Symbol.asyncDispose]());
  llm.script({ kind: "slow", ms: 1_000, next: { kind: "json", answer: { title: "From the model" } } });
  const { port, events } = await pusher(cleanup, db, { HOLDFAST_LLM_URL: llm.url });
  const { ask, answer } = await link(cleanup, port);
  const ticket = await spoken(db, "c1", said(TEXT));
  await expect.poll(() => llm.requests.length, { timeout: 10_000 }).toBe(1);
  const crashed = own.crash();
  ask(requestFor("c1", ticket));
  expect(["processing_failed", undefined]).toContain((await answer("c1", 30_000)).error);
  await crashed;
  const look = () => findJob(db, USER, ticket.jobId).catch(() => undefined);
  await expect.poll(look, { timeout: 40_000 }).toMatchObject({ state: "completed", attempts: 0 });
  expect(await untilCompleted(db, "c1")).toMatchObject({
    summary_kind: "llm",
    structured: { title: "From the model" },
  });
  const written = events.filter((event) => event.type === "finalization_finished" && event.outcome === "completed");
  expect(written).toHaveLength(1);
}, 90_000);

it("SIGTERM gives the job back at once and ends with 0", async () => {
  const { db, url } = await server.database();
  cleanup.push(() => db.destroy());
  const llm = await startScriptedLlm();
  cleanup.push(() => llm[Symbol.asyncDispose]());
  llm.script({ kind: "hang" });
  const { child } = await pusherProcess(cleanup, { DATABASE_URL: url, HOLDFAST_LLM_URL: llm.url });
  const ticket = await spoken(db, "c1", said(TEXT));
  await expect.poll(() => llm.requests.length, { timeout: 10_000 }).toBe(1);
  child.kill("SIGTERM");
  const [code] = await once(child, "exit");
  expect(code).toBe(0);
  expect(await jobState(db, ticket)).toBe("queued");
});

it("does not start without a database to open", async () => {
  await expect(pusherProcess(cleanup, {})).rejects.toThrow("DATABASE_URL is not set");
});

it.runIf(process.platform === "linux")("is small while idle", async () => {
  const { db, url } = await server.database();
  cleanup.push(() => db.destroy());
  const { child } = await pusherProcess(cleanup, { DATABASE_URL: url });
  await spoken(db, "c1", said(TEXT));
  await untilCompleted(db, "c1");
  const rollup = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
  const pssMib = Number(/^Pss:\s+(\d+)/mu.exec(rollup)?.[1]) / 1_024;
  process.stdout.write(`idle pusher: ${pssMib.toFixed(1)} MiB PSS\n`);
  expect(pssMib).toBeLessThan(110);
});
