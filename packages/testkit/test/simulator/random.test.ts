import { expect, test } from "vitest";
import { SeededRandom } from "../../src/simulator/index.ts";

const draws = (random: SeededRandom, count = 50): number[] => Array.from({ length: count }, () => random.next());

test("the same seed gives the same numbers, another seed others", () => {
  expect(draws(new SeededRandom(1))).toEqual(draws(new SeededRandom(1)));
  expect(draws(new SeededRandom(1))).not.toEqual(draws(new SeededRandom(2)));
});

test("numbers are spread over [0, 1)", () => {
  const numbers = draws(new SeededRandom("spread"), 10_000);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...numbers)).toBeLessThan(1);
  const buckets = new Array<number>(10).fill(0);
  for (const number of numbers) buckets[Math.floor(number * 10)] = (buckets[Math.floor(number * 10)] ?? 0) + 1;
  for (const bucket of buckets) expect(bucket).toBeGreaterThan(850);
});

test("what one part draws changes nothing for another", () => {
  const a = new SeededRandom(3);
  const b = new SeededRandom(3);
  const [partA, otherA] = [a.fork("part"), a.fork("other")];
  const [partB, otherB] = [b.fork("part"), b.fork("other")];
  draws(partA, 5);
  draws(partB, 500);
  expect(draws(otherA)).toEqual(draws(otherB));
  expect(draws(a.fork("x"))).not.toEqual(draws(a.fork("y")));
});

test("ids are version 4 UUIDs and differ", () => {
  const random = new SeededRandom(4);
  const ids = Array.from({ length: 200 }, () => random.uuid());
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(200);
});

test("draws stay within their bounds and reach both ends", () => {
  const random = new SeededRandom(5);
  const dice = Array.from({ length: 500 }, () => random.int(1, 6));
  expect(new Set(dice)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
  for (let i = 0; i < 200; i++) {
    const delay = random.skewed(2, 9);
    expect(delay).toBeGreaterThanOrEqual(2);
    expect(delay).toBeLessThan(9);
  }
  expect(() => random.pick([])).toThrow("nothing to pick from");
});
