import { MemoryDisk } from "@holdfast/testkit/log";
import { describe, expect, test } from "vitest";
import { DIAGNOSTICS, DiagnosticLog, explanationText } from "../src/index.ts";
import { ManualClock } from "./manual-clock.ts";
import { limited } from "./sync/scripted-server.ts";
import { stage } from "./sync/stage.ts";

const DAY = 86_400_000;

interface World {
  readonly disk: MemoryDisk;
  readonly clock: ManualClock;
  readonly log: DiagnosticLog;
  lines(): Promise<Record<string, unknown>[]>;
}

async function opened(): Promise<World> {
  const disk = new MemoryDisk();
  const clock = new ManualClock();
  const { store } = await disk.open();
  const log = new DiagnosticLog({ store, clock });
  log.enabled = true;
  const lines = async (): Promise<Record<string, unknown>[]> =>
    (await (await log.share()).text())
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { disk, clock, log, lines };
}

describe("the diagnostic log", () => {
  test("holds events and lines as JSON, in order, with their time", async () => {
    const { log, clock, lines } = await opened();
    log.event("reconcile_poll", { jobId: "j", outcome: "transient" });
    log.write("WARN", "something", { code: 7 });
    log.write("INFO", "plain");
    const at = new Date(clock.now()).toISOString();
    expect(await lines()).toEqual([
      { timestamp: at, level: "EVENT", type: "reconcile_poll", jobId: "j", outcome: "transient" },
      { ts: at, level: "WARN", message: "something", extra: { code: 7 } },
      { ts: at, level: "INFO", message: "plain" },
    ]);
  });

  test("is silent until it is turned on, and keeps what it has when it is turned off", async () => {
    const { disk, log, lines } = await opened();
    log.enabled = false;
    log.event("x");
    expect(await lines()).toEqual([]);
    expect(disk.names()).toEqual([]);
    log.enabled = true;
    log.event("y");
    await log.flush();
    log.enabled = false;
    log.event("z");
    expect((await lines()).map(({ type }) => type)).toEqual(["y"]);
    await log.clear();
    expect(disk.names()).toEqual([]);
  });

  test("has a file a day, and forgets those of more than three days ago, whoever wrote them", async () => {
    const { disk, clock, log } = await opened();
    disk.poke("unrelated.txt", new Uint8Array(3));
    for (let day = 0; day < 6; day++) {
      log.event("day", { day });
      await log.flush();
      await clock.advance(DAY);
    }
    const today = (daysAgo: number): string =>
      `omi_debug_${new Date(clock.now() - daysAgo * DAY).toISOString().slice(0, 10).replaceAll("-", "")}.log`;
    expect(disk.names().sort()).toEqual([...[4, 3, 2, 1].map(today), "unrelated.txt"]);
  });

  test("goes on in the file of an earlier program", async () => {
    const { disk, clock, log } = await opened();
    log.event("one");
    await log.flush();
    disk.kill();
    const next = new DiagnosticLog({ store: (await disk.open()).store, clock });
    next.enabled = true;
    next.event("two");
    expect((await (await next.share()).text()).split("\n")).toHaveLength(3);
  });

  test("begins anew at five MiB", async () => {
    const { disk, log } = await opened();
    for (let i = 0; i < 12; i++) {
      log.event("long", { text: "x".repeat(500_000) });
      await log.flush();
    }
    const [name = ""] = disk.names();
    expect(disk.peek(name)?.length).toBeLessThanOrEqual(DIAGNOSTICS.maxFileBytes);
    expect(disk.peek(name)?.length).toBeGreaterThan(400_000);
  });

  test("never throws: what cannot be written is counted, what is no JSON is said", async () => {
    const { disk, log, lines } = await opened();
    disk.fail(["write"]);
    log.event("lost");
    await log.flush();
    disk.fail();
    const loop: Record<string, unknown> = {};
    loop.loop = loop;
    log.event("loop", loop);
    const all = await lines();
    expect(all.map(({ type }) => type)).toEqual(["loop", "lines_dropped"]);
    expect(all[1]).toMatchObject({ count: 1 });
  });

  test("hears an engine: a pause, who began it and until when", async () => {
    const { log, lines } = await opened();
    const made = stage(() => limited("fair_use", "600"));
    const stop = log.attach(made.engine);
    made.log.add("a");
    made.engine.start();
    await made.clock.advance(0);
    stop();
    await made.engine.simulateCooldown("backend_busy");
    const types = (await lines()).map(({ type }) => type);
    expect(types).toEqual(
      expect.arrayContaining(["pass_started", "local_upload_started", "local_upload_batch", "cooldown_started"]),
    );
    expect(types.filter((type) => type === "cooldown_started")).toHaveLength(1);
    expect(types).not.toContain("changed");
  });
});

test("what explain says has words, with the time where there is one", () => {
  const time = (atMs: number): string => `at ${atMs}`;
  expect(explanationText({ state: "waiting", why: "fair_use", next: "sends_after_pause", atMs: 5 }, time)).toBe(
    "waits to be sent (fair use); it goes after the pause, which ends at 5",
  );
  expect(explanationText({ state: "corrupted", why: null, next: "person_deletes", atMs: null }, time)).toBe(
    "has lost its file; it can only be deleted",
  );
});
