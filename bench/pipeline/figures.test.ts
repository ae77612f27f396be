import { describe, expect, it } from "vitest";
import { type CpuProfile, Delays, Pace, selfTimes } from "./figures.ts";

describe("Delays", () => {
  it("gives the quantiles of what was added, to a tenth of a millisecond", () => {
    const delays = new Delays();
    for (let ms = 100; ms >= 1; ms--) delays.add(ms);
    expect(delays.quantile(0.5)).toBe(50);
    expect(delays.quantile(0.99)).toBe(99);
    expect(delays.summary()).toEqual({ count: 100, meanMs: 50.5, p50Ms: 50, p99Ms: 99, maxMs: 100 });
  });

  it("is empty without an entry", () => {
    expect(new Delays().summary()).toEqual({ count: 0, meanMs: 0, p50Ms: 0, p99Ms: 0, maxMs: 0 });
  });

  it("keeps the exact maximum of what is longer than its range", () => {
    const delays = new Delays(10);
    delays.add(5);
    delays.add(99);
    expect(delays.summary().maxMs).toBe(99);
    expect(delays.quantile(1)).toBe(10);
  });

  it("counts what came too early as no delay", () => {
    const delays = new Delays();
    delays.add(-3);
    expect(delays.quantile(1)).toBe(0);
  });
});

describe("Pace", () => {
  it("sends as many frames as the clock says, whatever happened before", () => {
    const pace = new Pace(500, 20);
    expect(pace.dueAfter(-1)).toBe(0);
    expect(pace.dueAfter(1_000)).toBe(25_000);
    expect(pace.dueAfter(1)).toBe(25);
  });

  it("spreads sessions evenly over the length of a frame", () => {
    const pace = new Pace(4, 20);
    expect([0, 1, 2, 3].map((session) => pace.dueAtMs(session, 0))).toEqual([0, 5, 10, 15]);
    expect(pace.dueAtMs(1, 3)).toBe(65);
  });

  it("finds every frame due at its own moment", () => {
    const pace = new Pace(4, 20);
    for (let frame = 0; frame < 40; frame++) {
      const at = pace.dueAtMs(frame % 4, Math.floor(frame / 4));
      expect(pace.dueAfter(at)).toBe(frame);
    }
  });
});

describe("selfTimes", () => {
  const frame = (id: number, functionName: string, url: string, lineNumber = 0) => ({
    id,
    callFrame: { functionName, url, lineNumber },
  });
  const profile: CpuProfile = {
    nodes: [
      frame(1, "send", "file:///srv/app/node_modules/ws/lib/sender.js", 9),
      frame(2, "", "file:///srv/app/packages/server/src/x.ts", 0),
      frame(3, "(idle)", "", -1),
      frame(4, "frame", "file:///srv/app/node_modules/ws/lib/sender.js", 19),
    ],
    samples: [1, 2, 3, 4, 1],
    timeDeltas: [10, 20, 50, 5, 15],
  };

  it("adds up the samples of a function and names where it is", () => {
    expect(selfTimes(profile, "function", 2)).toEqual([
      { name: "(idle)", share: 0.5 },
      { name: "send node_modules/ws/lib/sender.js:10", share: 0.25 },
    ]);
  });

  it("adds up the functions of a file", () => {
    expect(selfTimes(profile, "file", 9)).toEqual([
      { name: "(idle)", share: 0.5 },
      { name: "node_modules/ws/lib/sender.js", share: 0.3 },
      { name: "packages/server/src/x.ts", share: 0.2 },
    ]);
  });
});
