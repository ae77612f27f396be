/**
 * Servers that misbehave: one recording breaks them, they fail, they never answer, or somebody else answers for them. The
 * other recordings go up all the same, and a server that is down is not knocked at for every recording it has.
 */
import { expect, test } from "vitest";
import { accepted, completed, job, limited } from "../sync/scripted-server.ts";
import { HOUR, MINUTE, SECOND, stage } from "../sync/stage.ts";
import { engineOver } from "./trouble.ts";

const DAY = 24 * HOUR;

test("a recording that the server answers with 500 does not keep the others from going", async () => {
  const { log, engine, clock } = stage(({ method, files }) => {
    if (method !== "POST") return completed();
    return files.some((name) => name.startsWith("bad")) ? { status: 500 } : accepted("j");
  });
  log.add("bad", { sessionId: "s1", startedAtMs: 2_000_000 });
  for (let i = 0; i < 10; i++) log.add(`old-${i}`, { sessionId: "s2", startedAtMs: 1_000_000 + i });
  engine.start();
  await clock.advance(DAY);
  await engine.close();
  const left = [...log.recordings.values()].filter(({ status }) => status === "miss");
  expect(left.map(({ id }) => id)).toEqual(["bad"]);
});

test("a recording whose job fails does not take the others of its batch with it", async () => {
  const jobs = new Map<string, boolean>();
  const { log, engine, clock } = stage(({ method, files, path }) => {
    if (method === "POST") {
      const id = `j${jobs.size}`;
      jobs.set(
        id,
        files.some((name) => name.startsWith("bad")),
      );
      return accepted(id);
    }
    const isBad = jobs.get(path.split("/").at(-1) ?? "") === true;
    return isBad ? job("failed", { reason_code: "stt_failed", failed_segments: 1 }) : completed();
  });
  for (const [i, id] of ["g1", "g2", "bad", "g3", "g4"].entries()) {
    log.add(id, { sessionId: "s", startedAtMs: 1_000_000 + i * MINUTE });
  }
  engine.start();
  for (let i = 0; i < 24 * 60; i++) await clock.advance(MINUTE);
  await engine.close();
  const left = [...log.recordings.values()].filter(({ status }) => status !== "synced");
  expect(left.map(({ id, attempts }) => [id, attempts])).toEqual([["bad", 3]]);
});

test("a dead server is not asked at once after every job", async () => {
  const { log, engine, server, clock } = stage(({ method }) => (method === "POST" ? accepted("j") : { status: 502 }));
  for (let i = 0; i < 300; i++) {
    log.add(`r${i}`, { status: "uploaded", jobId: `job-${i}`, uploadedAtMs: clock.now() });
  }
  engine.start();
  for (let i = 0; i < 100; i++) await clock.advance(0);
  await engine.close();
  expect(server.polls.length).toBeGreaterThan(0);
  expect(server.polls.length).toBeLessThan(30);
});

test("a server that never answers questions after jobs gets fresh sound all the same", async () => {
  const set = stage(({ method }) => (method === "POST" ? accepted("j") : new Promise(() => {})));
  for (let i = 0; i < 300; i++) {
    set.log.add(`r${i}`, { status: "uploaded", jobId: `job-${i}`, uploadedAtMs: set.clock.now() });
  }
  set.log.add("fresh");
  const engine = engineOver(set);
  engine.start();
  await set.clock.advance(10 * MINUTE);
  await engine.close();
  expect(set.server.uploads.length).toBeGreaterThan(0);
});

test("an upload whose answer never comes does not stop everything for ever", async () => {
  let uploads = 0;
  const { log, engine, clock } = stage(({ method }) => {
    if (method !== "POST") return completed();
    uploads += 1;
    return uploads === 1 ? new Promise(() => {}) : accepted("j");
  });
  log.add("a");
  engine.start();
  await clock.advance(SECOND);
  log.add("b", { sessionId: "x" });
  for (let i = 0; i < 24; i++) {
    engine.syncNow();
    await clock.advance(HOUR);
  }
  expect(log.get("b").status).toBe("synced");
});

test("a page of a captive portal does not reject the backlog", async () => {
  const page = { status: 403, body: "<html>Please sign in to the hotel Wi-Fi" };
  const { log, engine, server, clock } = stage(({ method }) => (method === "POST" ? page : { status: 404 }));
  for (let i = 0; i < 50; i++) log.add(`r${i}`, { sessionId: `s${i}` });
  engine.start();
  await clock.advance(MINUTE);
  await engine.close();
  expect(server.uploads.length).toBeGreaterThan(0);
  expect([...log.recordings.values()].filter(({ status }) => status !== "miss")).toEqual([]);
});

test("a pause that is asked for in answer to a question after a job is kept", async () => {
  const { log, engine, server, clock } = stage(({ method }) =>
    method === "POST" ? accepted("j") : limited("fair_use", "3600"),
  );
  log.add("a", { status: "uploaded", jobId: "j", uploadedAtMs: clock.now() });
  engine.start();
  await clock.advance(HOUR - MINUTE);
  await engine.close();
  expect(server.polls.length).toBeGreaterThan(0);
  expect(server.polls.length).toBeLessThanOrEqual(2);
});

test("a sign-in that is refused while more is recorded is tried again all the same", async () => {
  let isSignedIn = false;
  const set = stage(({ method }) => {
    if (method !== "POST") return completed();
    // Somebody stops a capture while the answer is on its way.
    if (!isSignedIn) engine.wake("recording_sealed");
    return isSignedIn ? accepted("j") : { status: 401 };
  });
  set.log.add("a");
  const engine = engineOver(set, { token: () => "t" });
  engine.start();
  await set.clock.advance(MINUTE);
  expect([set.server.uploads.length, engine.status.signedOut]).toEqual([1, "http_401"]);
  isSignedIn = true;
  await set.clock.advance(10 * MINUTE);
  expect(set.log.recordings.get("a")).toMatchObject({ status: "synced", attempts: 0 });
  await engine.close();
  await set.engine.close();
});
