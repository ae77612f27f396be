/** Pictures in pieces: whole again whatever the order, and bounded whatever is sent. */
import {
  addImagePiece,
  emptyImageDesk,
  expireImages,
  IMAGE_LIMITS,
  type ImageDesk,
  type ImageStep,
} from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const piece = (id: string, index: number, total: number, data = "AAAA") => ({ id, index, total, data });

function deskOf(step: ImageStep): ImageDesk {
  if (step.outcome === "invalid") throw new Error(`invalid: ${step.reason}`);
  return step.next;
}

describe("a picture in pieces", () => {
  it("is complete with its last piece, in the order of the pieces, whatever the order of arrival and the repeats", () => {
    const parts = fc.uniqueArray(fc.base64String({ minLength: 4, maxLength: 12 }), { minLength: 1, maxLength: 8 });
    const plan = parts.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray([...all.keys()], { minLength: all.length })),
    );
    fc.assert(
      fc.property(plan, fc.integer({ min: 0, max: 7 }), ([all, order], again) => {
        let desk = emptyImageDesk;
        for (const [at, index] of order.entries()) {
          const step = addImagePiece(desk, piece("p", index, all.length, all[index]), at);
          if (at < order.length - 1) {
            expect(step.outcome).toBe("waiting");
            desk = deskOf(step);
            const repeated = order[Math.min(again, at)] ?? 0;
            expect(addImagePiece(desk, piece("p", repeated, 99, "BBBB"), at).outcome).toBe("repeated");
          } else expect(step).toMatchObject({ outcome: "complete", id: "p", parts: all, next: { assemblies: [] } });
        }
      }),
    );
  });

  it("keeps the total of its first piece", () => {
    const desk = deskOf(addImagePiece(emptyImageDesk, piece("p", 0, 2), 0));
    expect(addImagePiece(desk, piece("p", 1, 9), 0).outcome).toBe("complete");
    expect(addImagePiece(desk, piece("p", 2, 9), 0).outcome).toBe("invalid");
  });

  it("may be a data URL", () => {
    const step = addImagePiece(emptyImageDesk, piece("p", 0, 1, "data:image/jpeg;base64,/9j/4AAQ"), 0);
    expect(step).toMatchObject({ outcome: "complete", parts: ["/9j/4AAQ"] });
  });

  it.each(["not base64!", "AA=A", "   ", "data:image/png;base64,"])("is refused where a piece is %j", (data) => {
    expect(addImagePiece(emptyImageDesk, piece("p", 0, 2, data), 0).outcome).toBe("invalid");
  });

  it("is refused where it grows too large", () => {
    const half = "A".repeat(IMAGE_LIMITS.imageCharacters / 2);
    const desk = deskOf(addImagePiece(emptyImageDesk, piece("p", 0, 3, half), 0));
    const full = deskOf(addImagePiece(desk, piece("p", 1, 3, half), 0));
    expect(addImagePiece(full, piece("p", 2, 3, "A"), 0)).toEqual({ outcome: "invalid", reason: "image too large" });
  });
});

describe("the desk", () => {
  it("drops the oldest beyond fifty pictures, and says so", () => {
    let desk = emptyImageDesk;
    let dropped = 0;
    for (let n = 0; n < IMAGE_LIMITS.inAssembly + 3; n += 1) {
      const step = addImagePiece(desk, piece(`p${n}`, 0, 2), 0);
      desk = deskOf(step);
      if (step.outcome === "waiting") dropped += step.dropped;
    }
    expect(desk.assemblies).toHaveLength(IMAGE_LIMITS.inAssembly);
    expect(desk.assemblies[0]?.id).toBe("p3");
    expect(dropped).toBe(3);
  });

  it("drops the oldest beyond its characters, never the picture that just grew", () => {
    const big = "A".repeat(6_000_000);
    let desk = emptyImageDesk;
    for (const id of ["a", "b", "c"]) desk = deskOf(addImagePiece(desk, piece(id, 0, 3, big), 0));
    expect(desk.assemblies.map((assembly) => assembly.id)).toEqual(["b", "c"]);
    desk = deskOf(addImagePiece(desk, piece("b", 1, 3, "A".repeat(2_000_000)), 0));
    desk = deskOf(addImagePiece(desk, piece("d", 0, 3, big), 0));
    expect(desk.assemblies.map((assembly) => assembly.id)).toEqual(["c", "d"]);
  });

  it("forgets a picture after a minute, and looks every two seconds at most", () => {
    let desk = deskOf(addImagePiece(emptyImageDesk, piece("old", 0, 2), 0));
    desk = deskOf(addImagePiece(desk, piece("new", 0, 2), 59_000));
    expect(expireImages(desk, 60_500)).toEqual({ next: desk, dropped: 0 });
    const later = expireImages(desk, 61_000);
    expect(later.dropped).toBe(1);
    expect(later.next.assemblies.map((assembly) => assembly.id)).toEqual(["new"]);
    expect(deskOf(addImagePiece(desk, piece("old", 1, 2), 61_000)).assemblies.map((a) => a.id)).toEqual(["new", "old"]);
  });

  it("never holds more than its limits, whatever comes", () => {
    const pieces = fc.record({
      id: fc.constantFrom(...Array.from({ length: 70 }, (_, n) => `p${n}`)),
      index: fc.nat({ max: 3 }),
      total: fc.integer({ min: 1, max: 4 }),
      data: fc.constantFrom("AAAA", "A".repeat(900_000), "??"),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(pieces, fc.nat({ max: 5_000 })), { maxLength: 120 }), (arrivals) => {
        let desk = emptyImageDesk;
        let nowMs = 0;
        for (const [next, waitMs] of arrivals) {
          nowMs += waitMs;
          const step = addImagePiece(desk, next, nowMs);
          if (step.outcome === "invalid") continue;
          desk = step.next;
          expect(desk.assemblies.length).toBeLessThanOrEqual(IMAGE_LIMITS.inAssembly);
          const characters = desk.assemblies.reduce((sum, assembly) => sum + assembly.characters, 0);
          expect(characters).toBeLessThanOrEqual(IMAGE_LIMITS.totalCharacters);
          for (const assembly of desk.assemblies) expect(assembly.pieces.size).toBeLessThan(assembly.total);
        }
      }),
      { numRuns: 60 },
    );
  });
});
