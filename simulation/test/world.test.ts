/**
 * The simulation itself: a seed is a world and nothing else decides about it, and the watch finds mistakes that are put in on
 * purpose.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunReport } from "../life.ts";
import { LIVE_PLANTS } from "../live-plants.ts";
import { OFFLINE_PLANTS } from "../offline-plants.ts";
import { PLANTS, type Plant } from "../plants.ts";
import { FAULT_KINDS } from "../weather.ts";
import { World, WorldFailure } from "../world.ts";

/** Within so many worlds a planted fault is found. */
const SEEDS = 60;

let world: World;
beforeAll(async () => {
  world = await World.open();
}, 120_000);
afterAll(async () => {
  await world.close();
});

describe("a seed", () => {
  test("makes the same world again, also behind others and on another database", { timeout: 120_000 }, async () => {
    const first = await world.run(7);
    await world.run(8);
    expect(await world.run(7)).toEqual(first);
    const other = await World.open();
    try {
      expect(await other.run(7)).toEqual(first);
    } finally {
      await other.close();
    }
  });

  test("makes a world of its own", { timeout: 120_000 }, async () => {
    const traces = new Set<string>();
    for (let seed = 20; seed < 26; seed++) traces.add((await world.run(seed)).trace);
    expect(traces.size).toBe(6);
  });

  test("makes worlds in which everything goes wrong that can, and people speak", { timeout: 180_000 }, async () => {
    const reports: RunReport[] = [];
    for (let seed = 30; seed < 60; seed++) reports.push(await world.run(seed));
    const sum = (of: (report: RunReport) => number): number => reports.reduce((all, report) => all + of(report), 0);
    expect(sum(({ faults }) => faults)).toBeGreaterThan(90);
    expect(sum(({ words }) => words)).toBeGreaterThan(600);
    expect(sum(({ conversations }) => conversations)).toBeGreaterThan(45);
    expect(sum(({ told }) => told)).toBeGreaterThan(10);
    expect(sum(({ plainRecordings }) => plainRecordings)).toBeGreaterThan(20);
    expect(sum(({ calls }) => calls)).toBeGreaterThan(5);
    expect(sum(({ ownWords }) => ownWords)).toBeGreaterThan(50);
    expect(sum(({ uploads }) => uploads)).toBeGreaterThan(25);
    expect(new Set(reports.flatMap(({ faultKinds }) => faultKinds))).toEqual(new Set(FAULT_KINDS));
  });
});

/** The first failure of the worlds with this mistake in them. */
async function firstFailure(plant: Plant): Promise<WorldFailure | undefined> {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await world.run(seed, { plant });
    } catch (error) {
      if (error instanceof WorldFailure) return error;
      throw error;
    }
  }
  return undefined;
}

describe("a planted fault is found:", () => {
  test.each([...PLANTS, ...LIVE_PLANTS, ...OFFLINE_PLANTS])("$name", { timeout: 300_000 }, async (plant) => {
    const failure = await firstFailure(plant);
    expect(failure?.message).toMatch(plant.found);
    expect(failure?.message).toContain(`npm run soak -- --seed ${failure?.seed}`);
  });
});
