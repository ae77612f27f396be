/**
 * Imports of what other programs left: an index of recordings may hold anything. What can be read comes over with numbers
 * that mean something, and the rest neither stops the import nor keeps it running for ever.
 */
import { MemoryDisk } from "@holdfast/testkit/log";
import { expect, test } from "vitest";
import { openLog } from "../log/log-of.ts";

test("an index with impossible entries brings over what can be read", async () => {
  const { log } = await openLog(new MemoryDisk());
  const nameOf = (i: number): string => `audio_phone_opus_fs320_16000_1_fs320_178999900${i}.bin`;
  const odd = { retry_count: -1e9, last_retry_at: 1e300 };
  const wals = [
    ...[null, 3, "x", {}, { file_path: 5 }],
    { file_path: nameOf(1), status: "uploaded", job_id: "j", uploaded_at: -5, ...odd },
    { file_path: nameOf(2), status: "__proto__", conversation_id: {}, device: "", retry_count: 2.5 },
  ];
  let read = 0;
  const { recordings } = await log.importOmiIndex(JSON.stringify({ wals }), async () => {
    read += 1;
    return new Blob([Uint8Array.of(4, 0, 0, 0, 1, 2, 3, read)]);
  });
  expect(recordings.map(({ attempts }) => attempts)).toEqual([0, 2]);
  await log.close();
});

test("an import that is under way when the log closes is given up, and nothing of it is left", async () => {
  const disk = new MemoryDisk();
  const { log } = await openLog(disk);
  const importing = log.importSound("a.wav", new Blob([new Uint8Array(9 * 1_048_576)]), 0).catch((error) => error);
  await log.close();
  expect(await importing).toMatchObject({ code: "closed" });
  await expect(log.importSound("b.wav", new Blob([Uint8Array.of(1)]), 0)).rejects.toMatchObject({ code: "closed" });
  const again = await openLog(disk);
  expect(again.log.recordings.size).toBe(0);
  await again.log.close();
});

test("a recording whose time is no time gets one", async () => {
  const { log, clock } = await openLog(new MemoryDisk());
  const { recording } = await log.importSound("a.wav", new Blob([Uint8Array.of(1, 2, 3)]), Number.POSITIVE_INFINITY);
  expect(recording.startedAtMs).toBe(clock.now());
  await log.close();
});
