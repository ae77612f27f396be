/** Held for a moment, never lost, never out of order, and one timer for all of them that runs only while something is held. */
import type { Clock, Timer } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lots } from "../../src/listen/lots.ts";

/** Ticks when told to. */
function handClock() {
  const running = new Set<() => void>();
  const every = (_ms: number, call: () => void): Timer => {
    running.add(call);
    return { cancel: () => void running.delete(call) };
  };
  const clock: Clock = { now: () => 0, after: every, every };
  const tick = (): void => {
    for (const call of [...running]) call();
  };
  return { clock, running, tick };
}

function start() {
  const { clock, running, tick } = handClock();
  const lots = new Lots(clock);
  const open = () => {
    const taken: number[][] = [];
    const lot = lots.open<number>((messages) => taken.push([...messages]));
    let next = 0;
    const add = (soundMs: number): void => lot.add(next++, soundMs);
    return { taken, lot, add };
  };
  return { running, tick, open };
}

describe("lots", () => {
  it("hand over three packets of 20 ms together, and what is long enough at once", () => {
    const { running, open } = start();
    const { taken, add } = open();
    for (let i = 0; i < 7; i += 1) add(20);
    expect(taken).toEqual([
      [0, 1, 2],
      [3, 4, 5],
    ]);
    for (const ms of [200, 60]) add(ms);
    expect(taken.slice(2)).toEqual([[6, 7], [8]]);
    expect(running.size).toBe(1);
  });

  it("hand over by the second tick what is not completed, and let the timer go when nothing is held", () => {
    const { open, tick, running } = start();
    const [first, second] = [open(), open()];
    first.add(20);
    tick();
    second.add(20);
    expect([running.size, first.taken, second.taken]).toEqual([1, [], []]);
    tick();
    expect([first.taken, second.taken]).toEqual([[[0]], []]);
    tick();
    expect([running.size, second.taken]).toEqual([0, [[0]]]);
    first.add(20);
    expect(running.size).toBe(1);
    first.lot.flush();
    first.lot.flush();
    expect(first.taken).toEqual([[0], [1]]);
    tick();
    expect(running.size).toBe(0);
  });

  it("bound how many messages without sound they hold", () => {
    const { taken, add } = start().open();
    for (let i = 0; i < 100; i += 1) add(0);
    expect(taken.map(({ length }) => length)).toEqual([32, 32, 32]);
  });

  it("forget what was for a stream that is gone, and hold the next as if nothing had been", () => {
    const { open, tick, running } = start();
    const { taken, lot, add } = open();
    for (const ms of [20, 20]) add(ms);
    lot.forget();
    tick();
    tick();
    expect([taken, running.size]).toEqual([[], 0]);
    for (const ms of [20, 20]) add(ms);
    expect(taken).toEqual([]);
    add(20);
    expect(taken).toEqual([[2, 3, 4]]);
  });

  it("keep the order and hold less than 60 ms, however long messages are and whenever the timer ticks", () => {
    const step = fc.oneof(fc.constantFrom(2.5, 10, 20, 60, 100), fc.constantFrom("tick" as const, "flush" as const));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const { open, tick, running } = start();
        const { taken, lot, add } = open();
        const lengths: number[] = [];
        for (const each of steps) {
          if (each === "tick") tick();
          else if (each === "flush") lot.flush();
          else {
            lengths.push(each);
            add(each);
          }
          const sent = taken.flat();
          expect(sent).toEqual([...sent.keys()]);
          expect(lengths.slice(sent.length).reduce((sum, ms) => sum + ms, 0)).toBeLessThan(60);
        }
        tick();
        tick();
        expect(taken.flat()).toEqual([...lengths.keys()]);
        tick();
        expect(running.size).toBe(0);
      }),
    );
  });
});
