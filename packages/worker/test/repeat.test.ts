/** Sweeps by the clock: at once, again and again, never two at a time, and one failure stops nothing. */
import { type Clock, type Log, silentLog, type Timer } from "@holdfast/core";
import { describe, expect, test } from "vitest";
import { repeat } from "../src/sweeps/repeat.ts";

/** A clock whose only timer ticks when told to. */
function handClock(): Clock & { tick(): void; ticking(): boolean } {
  let call: (() => void) | undefined;
  const timer: Timer = {
    cancel: () => {
      call = undefined;
    },
  };
  return {
    now: () => 0,
    after: () => timer,
    every(_, given) {
      call = given;
      return timer;
    },
    tick: () => call?.(),
    ticking: () => call !== undefined,
  };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("repeat", () => {
  test("calls at once and with each tick", async () => {
    const clock = handClock();
    let calls = 0;
    const repetition = repeat({ name: "x", everyMs: 1, clock, log: silentLog }, async () => {
      calls += 1;
    });
    expect(calls).toBe(1);
    await settled();
    clock.tick();
    expect(calls).toBe(2);
    await repetition.stop();
  });

  test("leaves out ticks while a call runs", async () => {
    const clock = handClock();
    const gates: (() => void)[] = [];
    const repetition = repeat({ name: "x", everyMs: 1, clock, log: silentLog }, async () => {
      await new Promise<void>((resolve) => gates.push(resolve));
    });
    clock.tick();
    clock.tick();
    expect(gates).toHaveLength(1);
    gates[0]?.();
    await settled();
    clock.tick();
    expect(gates).toHaveLength(2);
    gates[1]?.();
    await repetition.stop();
  });

  test("a call that fails is logged and the next one comes", async () => {
    const clock = handClock();
    const warnings: object[] = [];
    const log: Log = { ...silentLog, warn: (fields) => void warnings.push(fields) };
    let calls = 0;
    const repetition = repeat({ name: "sweeping", everyMs: 1, clock, log }, async () => {
      calls += 1;
      throw new Error("dust");
    });
    await settled();
    clock.tick();
    await settled();
    expect(calls).toBe(2);
    expect(warnings).toEqual([
      { sweep: "sweeping", error: "dust" },
      { sweep: "sweeping", error: "dust" },
    ]);
    await repetition.stop();
  });

  test("stopping tells the call that runs, waits for it and lets none follow", async () => {
    const clock = handClock();
    let ended = false;
    let calls = 0;
    const repetition = repeat({ name: "x", everyMs: 1, clock, log: silentLog }, async (signal) => {
      calls += 1;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      ended = true;
    });
    await repetition.stop();
    expect(ended).toBe(true);
    expect(clock.ticking()).toBe(false);
    await repetition.stop();
    expect(calls).toBe(1);
  });
});
