/** Work of text frames: in order, bounded, patient with a database that is away, and never stopped by one failure. */
import { HoldfastError } from "@holdfast/contract";
import { silentLog, sleep } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { describe, expect, it } from "vitest";
import { imageType } from "../src/listen/image-type.ts";
import { SerialWork } from "../src/listen/serial-work.ts";

const away = new HoldfastError("away", { code: "database_unavailable", class: "transport" });

function workOf(maxWeight = 1_000_000) {
  const rooms: boolean[] = [];
  const clock = { ...systemClock, after: (_ms: number, call: () => void) => systemClock.after(1, call) };
  const work: SerialWork = new SerialWork({
    clock,
    log: silentLog,
    maxWeight,
    onRoom: () => rooms.push(work.isFull),
  });
  return { work, rooms };
}

describe("serial work", () => {
  it("is done one after the other, in the order it was added", async () => {
    const { work } = workOf();
    const done: string[] = [];
    for (const [name, ms] of [
      ["a", 5],
      ["b", 0],
      ["c", 1],
    ] as const) {
      work.add(1, async () => {
        done.push(`${name} begins`);
        await sleep(systemClock, ms);
        done.push(`${name} ends`);
      });
    }
    await expect.poll(() => done.length).toBe(6);
    expect(done).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
  });

  it("says when it is full and when there is room again", async () => {
    const { work, rooms } = workOf(1_000);
    const gate = Promise.withResolvers<void>();
    work.add(500, () => gate.promise);
    expect(work.isFull).toBe(false);
    work.add(500, async () => {});
    expect(work.isFull).toBe(true);
    gate.resolve();
    await expect.poll(() => rooms).toEqual([false]);
    expect(work.isFull).toBe(false);
  });

  it("counts pieces that weigh nothing", () => {
    const { work } = workOf(10_000);
    for (let n = 0; n < 100; n += 1) work.add(0, async () => {});
    expect(work.isFull).toBe(true);
  });

  it("tries again while the database is away, and goes on behind a failure of another kind", async () => {
    const { work } = workOf();
    let tries = 0;
    const done: string[] = [];
    work.add(1, async () => {
      tries += 1;
      if (tries < 3) throw away;
      done.push("patient");
    });
    work.add(1, async () => {
      throw new TypeError("broken");
    });
    work.add(1, async () => void done.push("next"));
    await expect.poll(() => done).toEqual(["patient", "next"]);
    expect(work.failed).toBe(1);
  });

  it("waits for what was added, and gives up what is not done when it is closed", async () => {
    const { work } = workOf();
    const forever = Promise.withResolvers<void>();
    work.add(1, async () => {
      throw away;
    });
    work.add(1, () => forever.promise);
    work.close();
    await work.settled();
    await expect.poll(() => work.failed).toBe(2);
  });
});

describe("imageType", () => {
  it.each([
    ["ffd8ffe000104a46", "image/jpeg"],
    ["89504e470d0a1a0a", "image/png"],
    ["474946383961", "image/gif"],
    ["524946460000000057454250", "image/webp"],
    ["52494646000000005741564500", "application/octet-stream"],
    ["ffd8", "application/octet-stream"],
    ["", "application/octet-stream"],
  ])("%s is %s", (hex, type) => expect(imageType(Buffer.from(hex, "hex"))).toBe(type));
});
