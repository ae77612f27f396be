import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MemoryMessageLog } from "../src/index.ts";

describe("the log in memory", () => {
  test("gives back what was appended until it is released, and counts its bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.nat({ max: 3_000 }), fc.constant("append" as const)), { maxLength: 400 }),
        (acts) => {
          const log = new MemoryMessageLog();
          const all: Uint8Array[] = [];
          let released = 0;
          for (const act of acts) {
            if (act === "append") {
              const message = new Uint8Array(1 + (all.length % 5));
              all.push(message);
              log.append(message);
            } else {
              log.release(act);
              released = Math.max(released, Math.min(act, all.length));
            }
          }
          expect([log.start, log.end]).toEqual([released, all.length]);
          expect(log.bytes).toBe(all.slice(released).reduce((sum, message) => sum + message.length, 0));
          for (let i = 0; i < all.length; i++) expect(log.read(i)).toBe(i < released ? undefined : all[i]);
          expect(log.read(all.length)).toBeUndefined();
        },
      ),
    );
  });

  test("keeps its numbers over many releases", () => {
    const log = new MemoryMessageLog();
    for (let i = 0; i < 5_000; i++) {
      log.append(Uint8Array.of(i & 0xff, i >> 8, 0));
      if (i % 3 === 0) log.release(i - 10);
    }
    expect(log.end).toBe(5_000);
    expect(log.read(4_999)).toEqual(Uint8Array.of(4_999 & 0xff, 4_999 >> 8, 0));
    expect(log.read(log.start - 1)).toBeUndefined();
  });
});
