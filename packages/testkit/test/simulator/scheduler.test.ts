import { sleep } from "@holdfast/core";
import { expect, test } from "vitest";
import { Scheduler, SeededRandom, SimProcess } from "../../src/simulator/index.ts";

const START_MS = Date.UTC(2026, 0, 1);

function scheduler(seed: number): Scheduler {
  return new Scheduler(new SeededRandom(seed), START_MS);
}

function processOf(owner: Scheduler, name = "p"): SimProcess {
  return new SimProcess(name, owner, new SeededRandom(name));
}

test("events happen in the order of time, and each with all that it sets off before the next", async () => {
  const world = scheduler(1);
  const seen: string[] = [];
  world.after(20, "late", undefined, () => seen.push(`late ${world.elapsedMs}`));
  world.after(10, "early", undefined, () => {
    void (async () => {
      for (let i = 0; i < 5; i++) await Promise.resolve();
      seen.push(`early ${world.elapsedMs}`);
    })();
  });
  await world.run(100);
  expect(seen).toEqual(["early 10", "late 20"]);
  expect(world.nowMs).toBe(START_MS + 100);
});

test("the seed decides the order within a moment, and nothing else does", async () => {
  const order = async (seed: number): Promise<string> => {
    const world = scheduler(seed);
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) world.after(5, `event ${i}`, undefined, () => seen.push(i));
    await world.run(10);
    return `${seen.join(",")} ${world.trace}`;
  };
  expect(await order(1)).toBe(await order(1));
  const orders = new Set(await Promise.all([1, 2, 3, 4, 5].map(order)));
  expect(orders.size).toBe(5);
});

test("a cancelled event does not happen, also where its owner stood still meanwhile", async () => {
  const world = scheduler(2);
  const process = processOf(world);
  let happened = 0;
  const timer = process.clock.after(10, () => {
    happened += 1;
  });
  process.stop();
  world.after(50, "cancel", undefined, () => timer.cancel());
  world.after(60, "resume", undefined, () => process.resume());
  await world.run(100);
  expect(happened).toBe(0);
});

test("a killed process does nothing any more, and what it waits for never comes", async () => {
  const world = scheduler(3);
  const process = processOf(world);
  let ticks = 0;
  let woke = false;
  let died = 0;
  process.onDeath(() => {
    died += 1;
  });
  process.clock.every(10, () => {
    ticks += 1;
  });
  void sleep(process.clock, 45).then(() => {
    woke = true;
  });
  world.after(35, "kill", undefined, () => process.kill());
  await world.run(200);
  expect({ ticks, woke, died, state: process.state }).toEqual({ ticks: 3, woke: false, died: 1, state: "dead" });
});

test("a stopped process does late what it would have done, in order, and no tick is made up for", async () => {
  const world = scheduler(4);
  const process = processOf(world);
  const seen: string[] = [];
  process.after(10, "a", () => seen.push("a"));
  process.after(11, "b", () => seen.push("b"));
  process.clock.every(10, () => seen.push(`tick ${world.elapsedMs}`));
  world.after(5, "stop", undefined, () => process.stop());
  world.after(47, "resume", undefined, () => process.resume());
  await world.run(70);
  const words = seen.filter((entry) => !entry.startsWith("tick"));
  expect(words).toEqual(["a", "b"]);
  expect(seen.filter((entry) => entry.startsWith("tick")).length).toBeLessThanOrEqual(3);
});

test("real work is waited for, and takes no time of the world", async () => {
  const world = scheduler(5);
  const seen: string[] = [];
  world.after(1, "load", undefined, () => {
    void world
      .real(new Promise((resolve) => setTimeout(resolve, 20)))
      .then(() => seen.push(`loaded ${world.elapsedMs}`));
  });
  world.after(2, "next", undefined, () => seen.push("next"));
  await world.run(10);
  expect(seen).toEqual(["loaded 1", "next"]);
});

test("work that goes on from turn to turn of the event loop is waited for while it streams", async () => {
  const world = scheduler(8);
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
  const seen: string[] = [];
  const stream = async (name: string): Promise<void> => {
    for (let turns = 0; turns < 8; turns++) await turn();
    seen.push(`${name} ${world.elapsedMs}`);
  };
  let over: () => void = () => {};
  world.after(1, "begin", undefined, () => {
    over = world.streaming();
    void stream("streamed");
  });
  world.after(2, "over", undefined, () => {
    over();
    over();
    void stream("not waited for");
  });
  for (let ms = 3; ms < 8; ms++) world.after(ms, "other", undefined, () => {});
  await world.run(50);
  expect(seen).toEqual(["streamed 1"]);
});

test("a failure ends the run, and so does an exception of an event", async () => {
  const failing = scheduler(6);
  failing.after(1, "fail", undefined, () => failing.fail(new Error("not so")));
  await expect(failing.run(10)).rejects.toThrow("not so");
  const throwing = scheduler(6);
  throwing.after(1, "throw", undefined, () => {
    throw new Error("uncaught");
  });
  await expect(throwing.run(10)).rejects.toThrow("uncaught");
});

test("a circle of events is found", async () => {
  const world = scheduler(7);
  const again = (): void => void world.after(0, "again", undefined, again);
  again();
  await expect(world.run(1)).rejects.toThrow("does not come to rest");
}, 60_000);
