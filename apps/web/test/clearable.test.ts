/** What clearing deletes and what it leaves, over a real log on a disk in memory. */
import { HoldfastClient, systemClock, systemRandom } from "@holdfast/client";
import { MemoryDisk } from "@holdfast/testkit/log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clear, clearable, idsToClear } from "../src/sync/clearable.ts";

const NOBODY: ReadonlySet<string> = new Set();

let client: HoldfastClient;
const ids = new Map<string, string>();

beforeEach(async () => {
  const disk = new MemoryDisk();
  client = await HoldfastClient.open({
    ...{ store: await disk.open(), owner: "anna", reserveBytes: 0, server: "http://localhost", token: "t" },
    ...{ clock: systemClock, random: systemRandom, fetch: () => Promise.reject(new TypeError("away")) },
    connect: () => {
      throw new Error("nothing is live here");
    },
  });
  for (const name of ["done", "waits", "dead"]) {
    const { recording } = await client.log.importSound(`${name}.wav`, new Blob([name]), 1_000);
    ids.set(name, recording.id);
  }
  await client.log.apply([
    [ids.get("done") ?? "", { type: "finished", nowMs: 2_000 }],
    [ids.get("dead") ?? "", { type: "rejected", reason: "http_415" }],
  ]);
});
afterEach(async () => {
  await client.close();
});

const left = (): string[] =>
  [...client.log.recordings.values()].map(({ originalName }) => originalName?.replace(".wav", "") ?? "").sort();

describe("clearing", () => {
  it("counts copies, and everything that is in no conversation", () => {
    expect(clearable(client.sync.status)).toEqual({ synced: 1, pending: 2 });
  });

  it.each([
    ["synced", ["dead", "waits"], 1],
    ["pending", ["done"], 2],
    ["all", [], 3],
  ] as const)("%s deletes those and no others", async (what, stay, deleted) => {
    expect(await clear(client, what)).toEqual({ deleted, left: 0 });
    expect(left()).toEqual(stay);
  });

  it("passes over what is being sent or recorded", async () => {
    const capture = await client.log.begin({
      ...{ device: "phone-mic", codec: "opus_fs320", sampleRate: 16_000, channels: 1, frameSamples: 320 },
    });
    capture.append(new Uint8Array(80).fill(7));
    await client.log.sync();
    expect(client.log.recordings.size).toBe(4);
    const sending = new Set([ids.get("waits") ?? ""]);
    expect(idsToClear(client.log.recordings.values(), sending, "pending")).toEqual([ids.get("dead")]);
    expect(idsToClear(client.log.recordings.values(), NOBODY, "all")).toHaveLength(3);
  });

  it("says what could not be deleted", async () => {
    const stuck = { remove: () => Promise.reject(new Error("the disk")), sending: NOBODY };
    expect(await clear({ log: client.log, sync: stuck }, "all")).toEqual({
      ...{ deleted: 0, left: 3 },
    });
  });
});
