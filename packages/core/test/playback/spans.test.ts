/** Parts joined without their gaps: every moment of the wall clock is heard at the right place. */
import { joinParts } from "@holdfast/core";
import fc from "fast-check";
import { expect, it } from "vitest";

it("joins parts and says where each lies", () => {
  const parts = [
    { id: "a", startedAtMs: 8_000, samples: 32_000, capturedSamples: 24_000 },
    { id: "b", startedAtMs: 310_000, samples: 8_000, capturedSamples: 8_000 },
  ];
  expect(joinParts(parts, 10_000)).toEqual({
    duration: 2.5,
    captured_duration: 2,
    spans: [
      { file_id: "a", wall_offset: -2, artifact_offset: 0, len: 2 },
      { file_id: "b", wall_offset: 300, artifact_offset: 2, len: 0.5 },
    ],
  });
});

it("of nothing is nothing", () => expect(joinParts([], 0)).toEqual({ duration: 0, captured_duration: 0, spans: [] }));

it("spans follow each other without a hole and cover the whole", () => {
  const part = fc.record({ samples: fc.integer({ min: 1, max: 1e6 }), gapMs: fc.integer({ min: 90_000, max: 1e7 }) });
  fc.assert(
    fc.property(fc.array(part, { minLength: 1 }), (list) => {
      let wallMs = 0;
      const parts = list.map(({ samples, gapMs }, index) => {
        const startedAtMs = wallMs + gapMs;
        wallMs = startedAtMs + samples / 16;
        return { id: String(index), startedAtMs, samples, capturedSamples: samples };
      });
      const { spans, duration } = joinParts(parts, 0);
      let end = 0;
      for (const span of spans) {
        expect(span.artifact_offset).toBeCloseTo(end, 6);
        end += span.len;
      }
      expect(duration).toBeCloseTo(end, 6);
    }),
  );
});
