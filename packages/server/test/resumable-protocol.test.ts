/** The parts of resumable uploads that need no server: headers, one writer at a time, and writing behind the reader. */
import { RESUMABLE } from "@holdfast/contract";
import type { GrowingBlob } from "@holdfast/store";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { describeUpload } from "../src/uploads/resumable/description.ts";
import {
  parseBytes,
  parseChecksum,
  parseMetadata,
  requireChecksum,
  requireChunkType,
  requireVersion,
} from "../src/uploads/resumable/protocol.ts";
import { WriteBehind } from "../src/uploads/resumable/write-behind.ts";
import { Writers } from "../src/uploads/resumable/writers.ts";

const refused = (code: string) => expect.objectContaining({ code, class: "permanent_input" });
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("headers", () => {
  it("metadata is read back as it was written, and nothing else is", () => {
    const key = fc.stringMatching(/^[a-zA-Z0-9_.-]{1,12}$/);
    fc.assert(
      fc.property(fc.dictionary(key, fc.string(), { noNullPrototype: true }), (fields) => {
        const header = Object.entries(fields)
          .map(([name, value]) => (value === "" ? name : `${name} ${base64(value)}`))
          .join(",");
        expect(Object.fromEntries(parseMetadata(header))).toEqual(
          Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, Buffer.from(value).toString()])),
        );
      }),
    );
    for (const header of [",", "a b c", "a YQ==,", "a YQ==,a YQ==", "a ÿ", "a\0 YQ==", "x".repeat(20_000)]) {
      expect(() => parseMetadata(header), header.slice(0, 20)).toThrow(refused("tus_header"));
    }
    expect(parseMetadata(undefined).size).toBe(0);
  });

  it("never does anything but read or refuse", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        for (const parse of [parseMetadata, parseChecksum, (value: string) => parseBytes("x", value)]) {
          try {
            parse(text);
          } catch (error) {
            expect(error).toEqual(refused("tus_header"));
          }
        }
      }),
    );
  });

  it("numbers are whole, in digits, and small enough to be exact", () => {
    expect([parseBytes("x", "0"), parseBytes("x", "999999999999999"), parseBytes("x", undefined)]).toEqual([
      0,
      999_999_999_999_999,
      undefined,
    ]);
    for (const text of ["", "-1", "1.5", "1e3", "0x10", " 1", "9".repeat(16), "NaN"]) {
      expect(() => parseBytes("x", text), text).toThrow(refused("tus_header"));
    }
  });

  it("checksums are compared by their bytes", () => {
    const empty = parseChecksum("sha1 2jmj7l5rSw0yVb/vlWAYkK/YBwk=");
    if (empty === undefined) throw new Error("a checksum was given");
    expect(() => requireChecksum(empty)).not.toThrow();
    const wrong = parseChecksum("sha256 AAAA");
    if (wrong === undefined) throw new Error("a checksum was given");
    expect(() => requireChecksum(wrong)).toThrow(refused("checksum_mismatch"));
    expect(parseChecksum(undefined)).toBeUndefined();
    for (const text of ["md5 AAAA", "sha1", "sha1 !", "sha1  AAAA", "SHA1 AAAA"]) {
      expect(() => parseChecksum(text), text).toThrow(refused("tus_header"));
    }
  });

  it("version and type are exact", () => {
    expect(() => requireVersion("1.0.0")).not.toThrow();
    for (const version of [undefined, "", "1.0", "1.0.0,1.0.0"]) {
      expect(() => requireVersion(version)).toThrow(refused("tus_version"));
    }
    expect(() => requireChunkType("application/offset+octet-stream")).not.toThrow();
    expect(() => requireChunkType("application/octet-stream")).toThrow(refused("tus_content_type"));
  });
});

describe("the description of an upload", () => {
  const NOW = Date.UTC(2026, 5, 1);
  const name = `audio_x_opus_16000_1_fs160_${NOW / 1000 - 60}.bin`;
  const describe_ = (fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) =>
    describeUpload(
      {
        ...headers,
        "upload-metadata": Object.entries(fields)
          .map(([key, value]) => `${key} ${base64(value)}`)
          .join(","),
      },
      NOW,
    );

  it("passes over what it does not know and what makes no sense", () => {
    const described = describe_({ filename: name, filetype: "audio/x", conversation_id: "nonsense", geolocation: "{" });
    expect(described).toEqual({
      name,
      startedAtMs: NOW - 60_000,
      batch: null,
      batchFiles: 1,
      facts: { client_device_id: null, client_platform: null },
    });
  });

  it("is refused where the name, the age or the batch is wrong", () => {
    const old = `audio_x_${NOW / 1000 - 31 * 86_400}.bin`;
    expect(() => describe_({ filename: old })).toThrow(refused("backfill_lookback_exceeded"));
    expect(() => describe_({})).toThrow(refused("sync_invalid_name"));
    expect(() => describe_({ filename: "a/b_1.bin" })).toThrow(refused("sync_invalid_name"));
    expect(() => describe_({ filename: name, audio_start_seconds: "soon" })).toThrow(refused("tus_header"));
    for (const batch of [
      { batch: "a" },
      { batch_files: "2" },
      { batch: "a b", batch_files: "2" },
      { batch: "a", batch_files: "1.5" },
    ]) {
      expect(() => describe_({ filename: name, ...batch })).toThrow(refused("tus_header"));
    }
  });
});

describe("writers", () => {
  it("are one at a time, and whoever comes last ends the others", async () => {
    const writers = new Writers();
    const order: string[] = [];
    const write = (who: string) =>
      writers.alone("id", async (signal) => {
        order.push(`${who} in`);
        if (!signal.aborted && who !== "last") {
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        }
        order.push(`${who} out`);
        return who;
      });
    const first = write("first");
    const second = write("second");
    await first;
    const last = write("last");
    expect(await Promise.all([first, second, last])).toEqual(["first", "second", "last"]);
    expect(order).toEqual(["first in", "first out", "second in", "second out", "last in", "last out"]);
  });

  it("never run beside one another, however many come at once", async () => {
    const writers = new Writers();
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 30 }, () => writers.alone("id", work)));
    expect(most).toBe(1);
    await Promise.all([writers.alone("a", work), writers.alone("b", work)]);
    expect(most).toBe(2);
  });

  it("that fail let the next one in", async () => {
    const writers = new Writers();
    await expect(writers.alone("id", () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(await writers.alone("id", async () => 1)).toBe(1);
  });
});

describe("writing behind the reader", () => {
  /** A blob in memory whose writing waits to be let go on. */
  function slowBlob(): GrowingBlob & { readonly content: Buffer[]; fail: Error | undefined; appending: number } {
    const content: Buffer[] = [];
    const blob = {
      content,
      fail: undefined as Error | undefined,
      appending: 0,
      bytes: () => content.reduce((sum, chunk) => sum + chunk.length, 0),
      async append(chunks: readonly Uint8Array[]) {
        blob.appending += 1;
        expect(blob.appending).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        blob.appending -= 1;
        if (blob.fail !== undefined) throw blob.fail;
        content.push(...chunks.map((chunk) => Buffer.from(chunk)));
      },
      flush: async () => blob.bytes(),
      prefix: () => ({ bytes: blob.bytes() }),
      rewind: async () => {},
      sha256: () => "",
      close: async () => {},
    };
    return blob;
  }
  const chunk = Buffer.alloc(64 * 1024, 1);

  it("writes everything in order, one call at a time, and records on the way", async () => {
    const blob = slowBlob();
    const recorded: number[] = [];
    const writer = new WriteBehind(blob, async () => void recorded.push(await blob.flush()));
    const all = Buffer.alloc(3 * RESUMABLE.checkpointBytes + 5);
    for (let at = 0; at < all.length; at += 1) all[at] = at % 251;
    for (let at = 0; at < all.length; at += chunk.length) await writer.add(all.subarray(at, at + chunk.length));
    await writer.end();
    expect(Buffer.concat(blob.content).equals(all)).toBe(true);
    expect(recorded).toHaveLength(2);
    for (const bytes of recorded) expect(bytes).toBeGreaterThanOrEqual(RESUMABLE.checkpointBytes);
  });

  it("shows a failure of writing or recording at the next call, and at the end", async () => {
    const broken = slowBlob();
    broken.fail = new Error("no room");
    const writer = new WriteBehind(broken, undefined);
    const writing = async (): Promise<void> => {
      for (let n = 0; n < 100; n += 1) await writer.add(chunk);
    };
    await expect(writing()).rejects.toThrow("no room");
    await expect(writer.end()).rejects.toThrow("no room");
    const lost = new WriteBehind(slowBlob(), () => Promise.reject(new Error("lost")));
    const more = async (): Promise<void> => {
      for (let n = 0; n < 400; n += 1) await lost.add(chunk);
      await lost.end();
    };
    await expect(more()).rejects.toThrow("lost");
  });
});
