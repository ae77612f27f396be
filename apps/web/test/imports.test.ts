/** Dropped files go into a real log, on a disk in memory, and come out of it again after the page was closed. */
import { HoldfastClient, systemClock, systemRandom } from "@holdfast/client";
import { HoldfastError } from "@holdfast/contract";
import { MemoryDisk } from "@holdfast/testkit/log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Imports, importedRows } from "../src/uploads/imports.ts";
import { english } from "./english.ts";

const OPENED_AT_MS = 1_000;

let disk: MemoryDisk;
let client: HoldfastClient;
let imports: Imports;

const open = async (): Promise<HoldfastClient> =>
  await HoldfastClient.open({
    ...{ store: await disk.open(), owner: "anna", reserveBytes: 0, server: "http://localhost", token: "t" },
    ...{ clock: systemClock, random: systemRandom, fetch: () => Promise.reject(new TypeError("away")) },
    connect: () => {
      throw new Error("nothing is live here");
    },
  });

beforeEach(async () => {
  disk = new MemoryDisk();
  client = await open();
  imports = new Imports({ client: () => Promise.resolve(client), nowMs: () => 42 });
});
afterEach(async () => {
  await client.close();
});

const file = (name: string, content = name): File => new File([content], name);
const rows = (): readonly (string | null)[] =>
  importedRows(client.log.recordings.values(), imports.snapshot(), OPENED_AT_MS).map(
    ({ originalName }) => originalName,
  );

describe("dropped files", () => {
  it("are in the log, and shown again after the page was closed", async () => {
    await imports.add([file("a.wav"), file("b.mp3")]);
    expect(imports.snapshot().list).toEqual([]);
    expect([...rows()].sort()).toEqual(["a.wav", "b.mp3"]);
    await client.close();
    client = await open();
    imports = new Imports({ client: () => Promise.resolve(client), nowMs: () => 43 });
    expect([...rows()].sort()).toEqual(["a.wav", "b.mp3"]);
  });

  it("are being copied until they are in the log, and leaving would lose them", async () => {
    const adding = imports.add([file("a.wav")]);
    expect(imports.isCopying()).toBe(true);
    expect(imports.snapshot().list).toMatchObject([{ failure: null }]);
    await adding;
    expect(imports.isCopying()).toBe(false);
  });

  it("that are done leave the list with the page, and stay while it is open", async () => {
    await imports.add([file("a.wav")]);
    const [id = ""] = client.log.recordings.keys();
    await client.log.apply([[id, { type: "finished", nowMs: OPENED_AT_MS + 1 }]]);
    expect(rows()).toEqual(["a.wav"]);
    expect(
      importedRows(client.log.recordings.values(), { taken: new Set(), hidden: new Set() }, OPENED_AT_MS + 2),
    ).toEqual([]);
    imports.hide(id);
    expect(rows()).toEqual([]);
  });

  it("twice are one recording, shown again", async () => {
    await imports.add([file("a.wav", "same")]);
    const [id = ""] = client.log.recordings.keys();
    imports.hide(id);
    await imports.add([file("b.wav", "same")]);
    expect(client.log.recordings.size).toBe(1);
    expect(rows()).toEqual(["a.wav"]);
  });

  it("that failed before are tried again when they are dropped again", async () => {
    await imports.add([file("a.wav")]);
    const [id = ""] = client.log.recordings.keys();
    await client.log.apply([[id, { type: "rejected", reason: "http_415" }]]);
    await imports.add([file("a.wav")]);
    expect(client.log.recordings.get(id)?.status).toBe("miss");
  });

  it.each([
    ["empty.wav", "", /holds no sound/],
    ["talk.bin", "x", /This name is not one of a device's recording/],
  ])("that cannot be taken are said: %s", async (name, content, words) => {
    await imports.add([file(name, content), file("good.wav")]);
    expect(imports.snapshot().list.map(({ failure }) => english.say(failure ?? ""))).toEqual([
      expect.stringMatching(words),
    ]);
    expect(rows()).toEqual(["good.wav"]);
    imports.dismiss(imports.snapshot().list[0]?.id ?? 0);
    expect(imports.snapshot().list).toEqual([]);
  });

  it("that another tab must take can be tried again here", async () => {
    let isElsewhere = true;
    imports = new Imports({
      client: () =>
        isElsewhere
          ? Promise.reject(new HoldfastError("no", { code: "log_in_use", class: "capacity" }))
          : Promise.resolve(client),
      nowMs: () => 42,
    });
    await imports.add([file("a.wav")]);
    const [refused] = imports.snapshot().list;
    expect(english.say(refused?.failure ?? "")).toMatch(/Another tab/);
    isElsewhere = false;
    await imports.retry(refused?.id ?? 0);
    expect(rows()).toEqual(["a.wav"]);
  });
});
