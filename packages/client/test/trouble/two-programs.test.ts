/**
 * One program after the other over the same log, and a log that holds something unreadable or too much. What one program
 * leaves must neither overwrite what the next one writes nor keep it from opening.
 */
import { MemoryDisk } from "@holdfast/testkit/log";
import { expect, test } from "vitest";
import { DiagnosticLog, RecordingLog, storageFailed } from "../../src/index.ts";
import { openLog } from "../log/log-of.ts";
import { frameOf, OPUS } from "../log/recordings.ts";
import { fixedRandom, ManualClock, settle } from "../manual-clock.ts";
import { MINUTE, SECOND } from "../sync/stage.ts";
import { ClientWorld } from "../world/client-world.ts";
import { lateWrites, MIB, recording, storeWith } from "./trouble.ts";

test("nothing is written after the store was given back, also where an end of a capture still waits", async () => {
  const world = new ClientWorld();
  const late = lateWrites(world.disk);
  const { client, capture } = await recording(world);
  await world.speak(50);
  const stopping = capture.stop(10 * SECOND);
  const closing = client.close();
  await world.clock.advance(0);
  await closing;
  world.client = undefined;
  const next = await world.open();
  for (let i = 0; i < 5; i++) await next.log.setNote(`fact-${i}`, "kept");
  for (const connection of world.script.open) world.script.acknowledge(connection);
  await world.clock.advance(MINUTE);
  await stopping;
  await next.close();
  world.client = undefined;
  const last = await world.open();
  expect(late).toEqual([]);
  expect([0, 1, 2, 3, 4].map((i) => last.log.note(`fact-${i}`))).toEqual(Array(5).fill("kept"));
  await last.close();
});

test("a change that comes after a log was closed is refused and not written", async () => {
  const disk = new MemoryDisk();
  const late = lateWrites(disk);
  const { log } = await openLog(disk);
  await log.setNote("fact", "kept");
  await log.close();
  await expect(log.setNote("fact", "late")).rejects.toThrow("closed");
  expect(late).toEqual([]);
});

test("one file that cannot be read keeps nobody out of the log", async () => {
  const disk = new MemoryDisk();
  const { log, clock } = await openLog(disk);
  const session = await log.begin({ ...OPUS });
  for (let i = 0; i < 20; i++) session.append(frameOf(i));
  await session.flush();
  await settle(100);
  disk.kill();
  const opened = await disk.open();
  const store = storeWith(opened, {
    read: (name, start, end) =>
      name.endsWith(".seg") ? Promise.reject(storageFailed("EIO")) : opened.store.read(name, start, end),
  });
  const again = await RecordingLog.open({ store, owner: "anna", clock, random: fixedRandom() });
  expect(disk.names().some((name) => name.endsWith(".seg"))).toBe(true);
  await again.close();
});

test("a diagnostic log that gets much at once stays below its size", async () => {
  const disk = new MemoryDisk();
  const { store } = await disk.open();
  const log = new DiagnosticLog({ store, clock: new ManualClock() });
  log.enabled = true;
  for (let i = 0; i < 900; i++) log.event("much", { ids: "x".repeat(20_000) });
  await log.flush();
  await log.flush();
  const sizes = disk.names().map((name) => disk.peek(name)?.length ?? 0);
  expect(Math.max(...sizes)).toBeGreaterThan(0);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(5 * MIB);
});
