/** Blobs in a real folder: growing ones, second names, short writes, and a disk that is full at every call. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { FailingDisk } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type BlobStore, openDirectoryBlobs } from "../src/index.ts";

let folder: string;
let disk: FailingDisk;
let blobs: BlobStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-blobs-"));
  disk = new FailingDisk();
  blobs = await openDirectoryBlobs(folder, Date.now(), disk.files);
});
afterEach(async () => await rm(folder, { recursive: true, force: true }));

const sha256 = (text: string | Uint8Array): string => createHash("sha256").update(text).digest("hex");
const bytes = (text: string): Uint8Array => Buffer.from(text);
const content = async (key: string): Promise<string> => Buffer.from(await blobs.read(key)).toString();

async function files(): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
}

describe("a growing blob", () => {
  it("goes on where it was left, by whoever remembers its digest or not", async () => {
    const first = await blobs.grow("r/u/a", { bytes: 0 });
    await first.append([bytes("one "), bytes("two ")]);
    expect(await first.flush()).toBe(8);
    await first.append([bytes("never recorded")]);
    const prefix = { bytes: 8 };
    await first.close();
    const second = await blobs.grow("r/u/a", prefix);
    await second.append([bytes("three")]);
    expect([second.bytes(), await second.flush(), second.sha256()]).toEqual([13, 13, sha256("one two three")]);
    const known = second.prefix();
    await second.close();
    const third = await blobs.grow("r/u/a", known);
    await third.append([bytes("!")]);
    expect(third.sha256()).toBe(sha256("one two three!"));
    await third.close();
    expect(await content("r/u/a")).toBe("one two three!");
  });

  it("takes back what came after a prefix, its digest too", async () => {
    const blob = await blobs.grow("r/u/a", { bytes: 0 });
    await blob.append([bytes("good")]);
    const before = blob.prefix();
    await blob.append([bytes("bad")]);
    await blob.rewind(before);
    expect([blob.bytes(), blob.sha256()]).toEqual([4, sha256("good")]);
    await blob.rewind({ bytes: 2 });
    expect([blob.bytes(), blob.sha256()]).toEqual([2, sha256("go")]);
    await blob.close();
    expect(await content("r/u/a")).toBe("go");
  });

  it("may begin as a copy that whoever writes to the first cannot change", async () => {
    const old = await blobs.grow("r/u/a", { bytes: 0 });
    await old.append([bytes("shared")]);
    await old.flush();
    const copy = await blobs.grow("r/u/b", { bytes: 6 }, "r/u/a");
    await old.rewind({ bytes: 0 });
    await old.append([bytes("GHOST")]);
    await copy.append([bytes(" end")]);
    expect(copy.sha256()).toBe(sha256("shared end"));
    await Promise.all([old.close(), copy.close()]);
    expect(await content("r/u/b")).toBe("shared end");
  });

  it("is missing where there are fewer bytes than were recorded", async () => {
    const missing = expect.objectContaining({ code: "blob_missing" });
    await expect(blobs.grow("r/u/none", { bytes: 3 })).rejects.toEqual(missing);
    const short = await blobs.grow("r/u/short", { bytes: 0 });
    await short.append([bytes("ab")]);
    await short.close();
    await expect(blobs.grow("r/u/short", { bytes: 3 })).rejects.toEqual(missing);
    expect(await content("r/u/short")).toBe("ab");
  });
});

it("a second name keeps the bytes when the first is removed, and the other way round", async () => {
  await blobs.commit(await blobs.stage(Readable.from([bytes("sound")]), { maxBytes: 10 }), "r/u/a");
  await blobs.link("r/u/a", "uploads/j/0");
  await blobs.removeAll("r/u");
  expect(await content("uploads/j/0")).toBe("sound");
  await expect(blobs.link("r/u/a", "uploads/j/1")).rejects.toMatchObject({ code: "blob_missing" });
});

it("staged bytes of a process that died go an hour later, and no sooner", async () => {
  const staged = await blobs.stage(Readable.from([bytes("cut off")]), { maxBytes: 10 });
  expect(await blobs.discardAbandoned(Date.now() + 3_500_000)).toBe(0);
  expect(await files()).toHaveLength(1);
  expect(await blobs.discardAbandoned(Date.now() + 3_700_000)).toBe(1);
  await expect(readFile(staged.stagedPath)).rejects.toThrow("ENOENT");
});

it("a disk that takes a few bytes at a time gets them all", async () => {
  disk.mostWritten = 3;
  const staged = await blobs.stage(Readable.from([bytes("0123456789"), bytes("abcdefg")]), { maxBytes: 100 });
  expect([staged.bytes, staged.sha256]).toEqual([17, sha256("0123456789abcdefg")]);
  expect((await readFile(staged.stagedPath)).toString()).toBe("0123456789abcdefg");
  const blob = await blobs.grow("r/u/a", { bytes: 0 });
  await blob.append([bytes("01234"), bytes(""), bytes("56789")]);
  await blob.append([bytes("abc")]);
  await blob.close();
  expect(await content("r/u/a")).toBe("0123456789abc");
});

describe("a full disk", () => {
  const full = expect.objectContaining({ code: "storage_full", class: "capacity", retryAfterMs: 60_000 });

  /** Fails at the first call, then at the second, and so on, until nothing is left to fail. Returns how many there were. */
  async function atEveryCall(work: () => Promise<unknown>): Promise<number> {
    for (let at = 1; ; at += 1) {
      disk.arm(at);
      const failed = await work().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (disk.calls < at) return at - 1;
      expect(failed, `call ${at}`).toEqual(full);
    }
  }

  it("is said clearly while bytes are staged, at every call, and leaves nothing", async () => {
    const calls = await atEveryCall(async () => {
      try {
        const staged = await blobs.stage(Readable.from([bytes("a"), bytes("b")]), { maxBytes: 10 });
        await blobs.discard(staged);
      } finally {
        expect(await files()).toEqual([]);
      }
    });
    expect(calls).toBeGreaterThanOrEqual(4);
  });

  it("is said clearly while bytes get their place, a second name, or grow", async () => {
    let n = 0;
    expect(
      await atEveryCall(async () => {
        n += 1;
        const calls = disk.calls;
        const staged = await blobs.stage(Readable.from([bytes("a")]), { maxBytes: 10 });
        expect(disk.calls).toBeGreaterThan(calls);
        await blobs.commit(staged, `place/${n}/0`);
        await blobs.link(`place/${n}/0`, `second/${n}/0`);
      }),
    ).toBeGreaterThanOrEqual(9);
    expect(
      await atEveryCall(async () => {
        n += 1;
        const blob = await blobs.grow(`grow/${n}/a`, { bytes: 0 });
        try {
          await blob.append([bytes("a")]);
          await blob.flush();
        } finally {
          await blob.close();
        }
      }),
    ).toBeGreaterThanOrEqual(5);
  });
});
