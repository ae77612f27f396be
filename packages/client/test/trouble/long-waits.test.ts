/**
 * Long waits: pauses longer than a timer can hold, a window that comes and goes during one, a token that cannot be had for an
 * hour. Time that passes costs no request, no attempt and no recording.
 */
import { expect, test } from "vitest";
import { systemClock } from "../../src/index.ts";
import { MemorySyncLog } from "../sync/memory-sync-log.ts";
import { accepted, completed, limited, ScriptedServer } from "../sync/scripted-server.ts";
import { HOUR, MINUTE, SECOND, stage } from "../sync/stage.ts";
import { engineOver } from "./trouble.ts";

test("a pause of thirty days does not fire at once", async () => {
  const log = new MemorySyncLog();
  log.add("a");
  const server = new ScriptedServer(systemClock, () => ({ status: 503, headers: { "retry-after": "2592000" } }));
  const engine = engineOver({ log, server, clock: systemClock });
  engine.start();
  // The limit is one of the timers of the machine, so that its own clock must run.
  await new Promise((resolve) => setTimeout(resolve, 200));
  await engine.close();
  expect(server.uploads.length).toBe(1);
});

test("a window that comes and goes asks nothing during a pause", async () => {
  const { log, engine, server, clock, window } = stage(({ method, path }) => {
    if (path.includes("fair-use")) return { status: 200, body: { stage: "restrict" } };
    return method === "POST" ? limited("fair_use", "7200") : completed();
  });
  log.add("a");
  engine.start();
  await clock.advance(SECOND);
  const before = server.asked.length;
  for (let i = 0; i < 100; i++) {
    window.set({ foreground: i % 2 === 1 });
    await clock.advance(SECOND);
  }
  await engine.close();
  expect(before).toBeGreaterThan(0);
  expect(server.asked.length - before).toBeLessThanOrEqual(2);
});

test("a token that cannot be had for an hour costs no attempt", async () => {
  const set = stage();
  let works = false;
  const token = (): string => {
    if (!works) throw new Error("the identity provider is down");
    return "t";
  };
  const engine = engineOver(set, { token });
  set.log.add("a");
  engine.start();
  await set.clock.advance(HOUR);
  expect(set.server.uploads).toEqual([]);
  works = true;
  await set.clock.advance(10 * MINUTE);
  await engine.close();
  const { status, attempts } = set.log.get("a");
  expect([status, attempts]).toEqual(["synced", 0]);
});

test("a retry that is asked for during the pass that sends sends once", async () => {
  const { log, engine, server, clock } = stage(({ method }) =>
    method === "POST"
      ? new Promise((resolve) => {
          clock.after(SECOND, () => resolve(accepted("j")));
        })
      : completed(),
  );
  log.add("a");
  engine.start();
  await clock.advance(100);
  await engine.retry(["a"]);
  await clock.advance(HOUR);
  await engine.close();
  expect(server.uploads.length).toBe(1);
});
