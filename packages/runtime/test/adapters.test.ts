import { sleep } from "@holdfast/core";
import { describe, expect, test, vi } from "vitest";
import { assertNodeVersion, loopDelay, startLoopDelayMonitor, systemClock, systemRandom } from "../src/index.ts";

describe("systemClock", () => {
  test("tells wall time in milliseconds", () => {
    const before = Date.now();
    const now = systemClock.now();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  test("after calls once, every calls again and again, cancel stops both", async () => {
    const once = vi.fn();
    const often = vi.fn();
    const never = vi.fn();
    systemClock.after(1, once);
    const repeating = systemClock.every(1, often);
    systemClock.after(1, never).cancel();
    await vi.waitFor(() => expect(often.mock.calls.length).toBeGreaterThan(2));
    repeating.cancel();
    const seen = often.mock.calls.length;
    await sleep(systemClock, 20);
    expect(once).toHaveBeenCalledTimes(1);
    expect(never).not.toHaveBeenCalled();
    expect(often.mock.calls.length).toBe(seen);
  });
});

test("systemRandom is uniform in [0, 1) and makes version 4 UUIDs", () => {
  const drawn = Array.from({ length: 2_000 }, () => systemRandom.next());
  const mean = drawn.reduce((sum, value) => sum + value, 0) / drawn.length;
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...drawn)).toBeLessThan(1);
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  expect(systemRandom.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

describe("loop delay", () => {
  test("a stalled loop shows, and reset forgets it", async () => {
    const monitor = startLoopDelayMonitor();
    try {
      await sleep(systemClock, 30);
      const until = performance.now() + 120;
      while (performance.now() < until);
      await sleep(systemClock, 30);
      expect(monitor.read().maxMs).toBeGreaterThan(80);
      expect(monitor.read().p50Ms).toBeLessThan(monitor.read().maxMs);
      monitor.reset();
      await sleep(systemClock, 30);
      expect(monitor.read().maxMs).toBeLessThan(80);
    } finally {
      monitor.close();
    }
  });

  test("the shared reading is finite from the first call", () => {
    const { p50Ms, p99Ms, maxMs } = loopDelay();
    for (const value of [p50Ms, p99Ms, maxMs]) expect(Number.isFinite(value)).toBe(true);
  });
});

test.each([
  ["v20.20.2", false],
  ["v22.18.0", false],
  ["v24.0.0", true],
  ["v26.1.0", true],
])("Node %s is accepted: %s", (version, accepted) => {
  if (accepted) expect(() => assertNodeVersion(version)).not.toThrow();
  else expect(() => assertNodeVersion(version)).toThrow(`this is ${version}`);
});
