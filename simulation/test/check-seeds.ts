/** Runs worlds of consecutive seeds, fifty in a test. The first that goes wrong fails its test with the line that replays it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { World } from "../world.ts";

const BATCH = 50;

export function checkSeeds(from: number, count: number): void {
  let world: World;
  beforeAll(async () => {
    world = await World.open();
  }, 120_000);
  afterAll(async () => {
    await world.close();
  });
  for (let first = from; first < from + count; first += BATCH) {
    test(`worlds ${first} to ${first + BATCH - 1}`, { timeout: 300_000 }, async () => {
      let words = 0;
      for (let seed = first; seed < first + BATCH; seed++) words += (await world.run(seed)).words;
      expect(words).toBeGreaterThan(BATCH);
    });
  }
}
