import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AudioWindow } from "../src/listen/audio-window.ts";

/** Samples that tell their own position. */
const ramp = (from: number, count: number) => Float32Array.from({ length: count }, (_, i) => from + i);

describe("the audio that may still be needed", () => {
  it("is addressed by position, whatever was appended and dropped", () => {
    const step = fc.oneof(
      fc.record({ append: fc.integer({ min: 0, max: 40_000 }) }),
      fc.record({ drop: fc.double({ min: 0, max: 1.2, noNaN: true }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const audio = new AudioWindow();
        let end = 0;
        let from = 0;
        for (const next of steps) {
          if ("append" in next) {
            audio.append(ramp(end, next.append));
            end += next.append;
          } else {
            const to = Math.floor(from + (end - from) * next.drop);
            audio.dropBefore(to);
            from = Math.max(from, Math.min(to, end));
          }
          expect(audio.end).toBe(end);
          const all = audio.slice(0, end + 10);
          expect(all.length).toBe(end - from);
          if (all.length > 0) expect([all[0], all.at(-1)]).toEqual([from, end - 1]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("is copied out: what comes later does not change it", () => {
    const audio = new AudioWindow();
    audio.append(ramp(0, 100));
    const part = audio.slice(10, 20);
    audio.dropBefore(50);
    audio.append(ramp(100, 100));
    expect([...part]).toEqual([...ramp(10, 10)]);
    expect([...audio.slice(150, 152)]).toEqual([150, 151]);
  });
});
