/**
 * A real process that is killed with SIGKILL while it records, again and again over one folder: the next one takes the log over,
 * and every frame that was said to be written is there, once, in a sealed recording.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readFrames } from "@holdfast/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RecordingLog } from "../../src/index.ts";
import { openFileStore } from "../../src/node/index.ts";
import { systemClock } from "../../src/system.ts";
import { numberOf } from "../log/recordings.ts";

const CYCLES = 20;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-kill-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Kills the writer once it has said so many frames. Resolves with its last words. */
async function recordUntil(frames: number, cutEvery: number): Promise<{ session: string; written: number }> {
  const writer = spawn(
    process.execPath,
    [fileURLToPath(new URL("writer.ts", import.meta.url)), join(folder, "log"), String(cutEvery)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(writer, "close");
  let session = "";
  let written = 0;
  for await (const line of createInterface({ input: writer.stdout })) {
    const [id = "", count = "0"] = line.split(" ");
    session = id;
    written = Number(count);
    if (written >= frames) writer.kill("SIGKILL");
  }
  await ended;
  expect(writer.signalCode).toBe("SIGKILL");
  return { session, written };
}

async function open(): Promise<RecordingLog> {
  return await RecordingLog.open({
    store: await openFileStore(join(folder, "log"), crypto.randomUUID()),
    owner: "anna",
    clock: systemClock,
    random: { next: () => 0.5, uuid: () => crypto.randomUUID() },
  });
}

describe("a killed writer", () => {
  it(`loses no frame that was written, ${CYCLES} times over`, async () => {
    const sessions = new Map<string, number>();
    for (let cycle = 0; cycle < CYCLES; cycle++) {
      const { session, written } = await recordUntil(1 + ((cycle * 37) % 170), [7, 40, 1_000][cycle % 3] ?? 7);
      sessions.set(session, written);
      await using log = await open();
      const recordings = [...log.recordings.values()].sort((a, b) => a.firstSequence - b.firstSequence);
      expect(new Set(recordings.map(({ status }) => status))).toEqual(new Set(["miss"]));
      for (const [id, atLeast] of sessions) {
        const frames: number[] = [];
        for (const recording of recordings.filter(({ sessionId }) => sessionId === id)) {
          const { content } = await log.content(recording.id);
          frames.push(...readFrames(new Uint8Array(await content.arrayBuffer())).frames.map(numberOf));
        }
        expect(frames).toEqual(frames.map((_, index) => index));
        expect(frames.length).toBeGreaterThanOrEqual(atLeast);
      }
    }
    expect(sessions.size).toBe(CYCLES);
  });
});

describe("the lock of a folder", () => {
  const lock = (): string => join(folder, "owned", "lock.7");

  const locks = async (): Promise<string[]> =>
    (await readdir(join(folder, "owned"))).filter((name) => name.startsWith("lock"));

  it("is refused while its owner lives, also to another process", async () => {
    await using _mine = await openFileStore(join(folder, "owned"), "me");
    const script = `import { openFileStore } from ${JSON.stringify(new URL("../../src/node/index.ts", import.meta.url).href)};
      await openFileStore(${JSON.stringify(join(folder, "owned"))}, "other").then(() => console.log("opened"), (e) => console.log(e.code));`;
    const other = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const said: string[] = [];
    for await (const line of createInterface({ input: other.stdout })) said.push(line);
    expect(said).toEqual(["log_in_use"]);
    expect(await locks()).toEqual(["lock.1"]);
  });

  it.each([
    ["cannot be read", ""],
    ["names a process that ended", JSON.stringify({ pid: 2 ** 22 + 1, started: null })],
    ["names a process whose number was given away again", JSON.stringify({ pid: process.pid, started: "before" })],
  ])("is taken over where it %s", async (_what, content) => {
    await mkdir(join(folder, "owned"), { recursive: true });
    await writeFile(lock(), content);
    const opened = await openFileStore(join(folder, "owned"), "me");
    expect(await opened.store.list()).toEqual([]);
    expect(await locks()).toEqual(["lock.8"]);
    await opened.close();
    expect(await locks()).toEqual([]);
  });

  it("has one winner among many that take it over at once", async () => {
    await mkdir(join(folder, "owned"), { recursive: true });
    await writeFile(lock(), JSON.stringify({ pid: 2 ** 22 + 1, started: null }));
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => openFileStore(join(folder, "owned"), `t${i}`)),
    );
    const won = tries.filter((each) => each.status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const each of won) await each.value.close();
  });
});
