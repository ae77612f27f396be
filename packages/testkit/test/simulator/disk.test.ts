/** The disk of a world under the real blob folder: what it keeps, what it refuses, and what dies with the process that calls it. */
import { Readable } from "node:stream";
import { openDirectoryBlobs } from "@holdfast/store";
import { describe, expect, it } from "vitest";
import { type DiskFate, Scheduler, SeededRandom, SimDisk, SimProcess } from "../../src/simulator/index.ts";

const START_MS = Date.UTC(2026, 0, 5, 9);

function world() {
  const scheduler = new Scheduler(new SeededRandom(1), START_MS);
  const removed: string[] = [];
  const fates: DiskFate[] = [];
  const disk = new SimDisk({
    scheduler,
    fate: () => fates.shift() ?? "fine",
    delayMs: () => 1,
    onRemoved: (path) => removed.push(path),
  });
  const process = new SimProcess("gateway#1", scheduler, new SeededRandom(2));
  const finish = async <T>(work: Promise<T>): Promise<T | "never"> => {
    const over = scheduler.streaming();
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined;
    work.then(
      (value) => (outcome = { value }),
      (error: unknown) => (outcome = { error }),
    );
    await scheduler.run(scheduler.elapsedMs + 10_000, () => outcome !== undefined);
    over();
    if (outcome === undefined) return "never";
    if ("error" in outcome) throw outcome.error;
    return outcome.value;
  };
  const open = () => finish(openDirectoryBlobs("/blobs", START_MS, disk.filesOf(process)));
  return { scheduler, disk, process, removed, fates, finish, open };
}

const bytes = (text: string) => Readable.from([Buffer.from(text.slice(0, 3)), Buffer.from(text.slice(3))]);
const LIMIT = { maxBytes: 100 };

async function opened() {
  const made = world();
  const blobs = await made.open();
  if (blobs === "never") throw new Error("the store did not open");
  return { ...made, blobs };
}

describe("the simulated disk", () => {
  it("keeps what the blob folder stores, under its key, also in short writes", async () => {
    const { blobs, fates, finish, disk, removed } = await opened();
    fates.push("fine", "short", "fine", "short");
    const staged = await finish(blobs.stage(bytes("some sound"), LIMIT));
    if (staged === "never") throw new Error("not staged");
    expect(staged.bytes).toBe(10);
    await finish(blobs.commit(staged, "uploads/a/0"));
    expect(Buffer.from((await finish(blobs.read("uploads/a/0"))) as Uint8Array).toString()).toBe("some sound");
    expect(disk.files).toEqual([expect.objectContaining({ path: "/blobs/objects/uploads/a/0", by: "gateway#1" })]);
    expect(await finish(blobs.list("uploads"))).toEqual([expect.objectContaining({ prefix: "uploads/a" })]);
    await finish(blobs.removeAll("uploads/a"));
    expect(disk.files).toEqual([]);
    expect(removed).toEqual(["/blobs/objects/uploads/a/0"]);
    await expect(finish(blobs.read("uploads/a/0"))).rejects.toMatchObject({ code: "blob_missing" });
  });

  it("is full at the call that its fate says, and nothing stays", async () => {
    const { blobs, fates, finish, disk } = await opened();
    fates.push("fine", "fine", "full");
    await expect(finish(blobs.stage(bytes("some sound"), LIMIT))).rejects.toMatchObject({ code: "storage_full" });
    expect(disk.files).toEqual([]);
  });

  it("keeps what a process wrote that died, and no call of a dead process happens", async () => {
    const { blobs, fates, finish, disk, process } = await opened();
    fates.push("fine", "killed_after");
    expect(await finish(blobs.stage(bytes("some sound"), LIMIT))).toBe("never");
    expect(process.isDead).toBe(true);
    expect(disk.files).toHaveLength(1);
    expect(await finish(blobs.removeAll("uploads"))).toBe("never");
  });

  it("lets a stopped process go on where it was", async () => {
    const { blobs, finish, process } = await opened();
    process.stop();
    const staging = blobs.stage(bytes("some sound"), LIMIT);
    expect(await finish(staging)).toBe("never");
    process.resume();
    expect(await finish(staging)).toMatchObject({ bytes: 10 });
  });

  it("grows old, and what a dead process left is swept by the next", async () => {
    const { blobs, fates, finish, disk, scheduler } = await opened();
    fates.push("fine", "killed_after");
    await finish(blobs.stage(bytes("some sound"), LIMIT));
    const next = new SimProcess("gateway#2", scheduler, new SeededRandom(3));
    await finish(openDirectoryBlobs("/blobs", START_MS, disk.filesOf(next)));
    expect(disk.files).toHaveLength(1);
    disk.age(2 * 3_600_000);
    await finish(openDirectoryBlobs("/blobs", START_MS, disk.filesOf(next)));
    expect(disk.files).toEqual([]);
  });

  it("refuses what a file system refuses", async () => {
    const { disk, process, finish, open } = world();
    await open();
    const files = disk.filesOf(process);
    await expect(finish(files.readFile("/blobs/none"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(finish(files.rename("/blobs/none", "/blobs/other"))).rejects.toMatchObject({ code: "ENOENT" });
    await expect(finish(files.open("/none/file", "wx"))).rejects.toMatchObject({ code: "ENOENT" });
    await finish(files.open("/blobs/file", "wx"));
    await expect(finish(files.open("/blobs/file", "wx"))).rejects.toMatchObject({ code: "EEXIST" });
    await expect(finish(files.link("/blobs/file", "/blobs/file"))).rejects.toMatchObject({ code: "EEXIST" });
  });
});
