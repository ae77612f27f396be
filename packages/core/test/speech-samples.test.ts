/** Which stretches of sound become samples of a voice: whose, how long, how many, and from where. */
import { SPEECH_SAMPLES } from "@holdfast/contract";
import { chooseSamples, type SampledSegment, type SampleQuestion } from "@holdfast/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const START = 1_000_000;
const RATE = 16_000;
const said = (id: string, start: number, end: number, person: string | null = "anna"): SampledSegment => ({
  ...{ id, start, end, person_id: person },
});
const part = (id: string, fromSeconds: number, seconds: number) => ({
  ...{ id, startedAtMs: START + fromSeconds * 1_000, samples: seconds * RATE, capturedSamples: seconds * RATE },
});
const choose = (over: Partial<SampleQuestion>) =>
  chooseSamples({
    ...{ personId: "anna", segments: [], sampled: new Set(), had: 0, parts: [part("p", 0, 600)] },
    conversationStartMs: START,
    ...over,
  });
const ids = (over: Partial<SampleQuestion>) => choose(over).map(({ segmentId }) => segmentId);

describe("samples of a voice", () => {
  it("are cut where the words are", () => {
    expect(choose({ segments: [said("a", 12, 16)] })).toEqual([
      { segmentId: "a", partId: "p", fromSample: 12 * RATE, samples: 4 * RATE },
    ]);
  });

  it("are the middle ten seconds of what is longer", () => {
    expect(choose({ segments: [said("a", 100, 130)] })).toEqual([
      { segmentId: "a", partId: "p", fromSample: 110 * RATE, samples: 10 * RATE },
    ]);
  });

  it("are of this person's words only, of none twice, and of nothing under two seconds", () => {
    const segments = [said("a", 0, 5), said("b", 5, 10, "bob"), said("c", 10, 11.9), said("d", 20, 25, null)];
    expect(ids({ segments })).toEqual(["a"]);
    expect(ids({ segments, sampled: new Set(["a"]) })).toEqual([]);
  });

  it("are the longest first, and as many as a person may have", () => {
    const segments = Array.from({ length: 9 }, (_, i) => said(`s${i}`, i * 20, i * 20 + 2 + i / 2));
    expect(ids({ segments })).toEqual(["s8", "s7", "s6", "s5", "s4"]);
    expect(ids({ segments, had: 3 })).toEqual(["s8", "s7"]);
    expect(ids({ segments, had: 5 })).toEqual([]);
    expect(ids({ segments, had: 6 })).toEqual([]);
  });

  it("lie in one part of the sound, as much of it as that part has", () => {
    const parts = [part("early", 0, 30), part("late", 100, 30)];
    expect(choose({ parts, segments: [said("in", 105, 110)] })).toMatchObject([
      { partId: "late", fromSample: 5 * RATE, samples: 5 * RATE },
    ]);
    expect(choose({ parts, segments: [said("over", 27, 33)] })).toMatchObject([
      { partId: "early", fromSample: 27 * RATE, samples: 3 * RATE },
    ]);
    expect(choose({ parts, segments: [said("before", 97, 103)] })).toMatchObject([
      { partId: "late", fromSample: 0, samples: 3 * RATE },
    ]);
    expect(ids({ parts, segments: [said("lost", 60, 70), said("cut short", 28.5, 34)] })).toEqual([]);
  });

  it("never reach beyond the sound, the words, or the limits, whatever there is", () => {
    const time = fc.double({ min: -50, max: 300, noNaN: true });
    const segment = fc.tuple(time, fc.double({ min: -1, max: 40, noNaN: true }));
    const parts = fc.array(fc.tuple(time, fc.integer({ min: 1, max: 100 })), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 12 }), parts, fc.nat({ max: 7 }), (words, sounds, had) => {
        const segments = words.map(([start, length], i) => said(`s${i}`, start, start + length));
        const all = sounds.map(([from, seconds], i) => part(`p${i}`, from, seconds));
        const cuts = choose({ segments, parts: all, had });
        expect(cuts.length).toBeLessThanOrEqual(Math.max(0, SPEECH_SAMPLES.perPerson - had));
        expect(new Set(cuts.map(({ segmentId }) => segmentId)).size).toBe(cuts.length);
        for (const cut of cuts) {
          const sound = all.find(({ id }) => id === cut.partId);
          const words = segments.find(({ id }) => id === cut.segmentId);
          expect(cut.fromSample).toBeGreaterThanOrEqual(0);
          expect(cut.fromSample + cut.samples).toBeLessThanOrEqual(sound?.samples ?? 0);
          expect(cut.samples).toBeLessThanOrEqual((SPEECH_SAMPLES.maxMs * RATE) / 1_000 + 1);
          expect(cut.samples).toBeGreaterThanOrEqual((SPEECH_SAMPLES.minMs * RATE) / 1_000);
          const fromMs = (sound?.startedAtMs ?? 0) + cut.fromSample / 16 - START;
          expect(fromMs).toBeGreaterThanOrEqual((words?.start ?? 0) * 1_000 - 0.1);
          expect(fromMs + cut.samples / 16).toBeLessThanOrEqual((words?.end ?? 0) * 1_000 + 0.1);
        }
      }),
    );
  });
});
