/** What components see of syncing: a new look for what changed, not for every frame, and nothing of a client that is gone. */
import { HoldfastClient, systemClock, systemRandom } from "@holdfast/client";
import { MemoryDisk } from "@holdfast/testkit/log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DeviceState } from "../src/device/device.ts";
import { SyncWatch } from "../src/sync/sync-watch.ts";

let client: HoldfastClient;
let state: DeviceState;
let tell: () => void;
let watch: SyncWatch;
let status: number;

beforeEach(async () => {
  status = 500;
  client = await HoldfastClient.open({
    ...{ store: await new MemoryDisk().open(), owner: "anna", reserveBytes: 0, server: "http://localhost", token: "t" },
    ...{ clock: systemClock, random: systemRandom, fetch: async () => Response.json({}, { status }) },
    connect: () => {
      throw new Error("nothing is live here");
    },
  });
  state = { name: "opening" };
  tell = () => undefined;
  const subscribe = (listener: () => void): (() => void) => {
    tell = listener;
    return () => undefined;
  };
  watch = new SyncWatch({ snapshot: () => state, subscribe }, systemClock);
});
afterEach(async () => {
  await client.close();
});

function become(next: DeviceState): void {
  state = next;
  tell();
}

describe("a view of syncing", () => {
  it("is there while the recordings are open, and not a moment longer", () => {
    expect(watch.snapshot()).toBeNull();
    become({ name: "open", client, account: "anna" });
    expect(watch.snapshot()).toMatchObject({ client, problem: null, status: { card: { state: "all_synced" } } });
    become({ name: "elsewhere" });
    expect(watch.snapshot()).toBeNull();
  });

  it("follows the log, and says why the last request failed until one succeeds", async () => {
    become({ name: "open", client, account: "anna" });
    client.start();
    await client.log.importSound("a.wav", new Blob(["a"]), 1);
    await expect
      .poll(() => watch.snapshot())
      .toMatchObject({ problem: "http_500", status: { card: { state: "ready" } } });
    // Its last word on this file: nothing is to be tried again.
    status = 413;
    client.sync.syncNow();
    await expect.poll(() => watch.snapshot()?.problem).toBeNull();
  });

  it("is not made anew for each of many changes", async () => {
    become({ name: "open", client, account: "anna" });
    let looks = 0;
    watch.subscribe(() => {
      looks += 1;
    });
    for (let i = 0; i < 40; i++) await client.log.setNote("count", String(i));
    await expect.poll(() => looks).toBeGreaterThan(0);
    expect(looks).toBeLessThan(10);
  });
});
