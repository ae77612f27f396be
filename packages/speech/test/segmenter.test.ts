import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createSegmenter,
  LIVE_SEGMENTS,
  type SegmentAction,
  type SegmenterOptions,
  WINDOW_SAMPLES,
} from "../src/segment/segmenter.ts";

const SECOND = 16_000;
const windows = (seconds: number): number => Math.round((seconds * SECOND) / WINDOW_SAMPLES);

/** A stream as alternating quiet and voice, in seconds, quiet first. */
function run(pattern: readonly number[], options: SegmenterOptions = LIVE_SEGMENTS, loudness = (_window: number) => 1) {
  const segmenter = createSegmenter(options);
  const actions: SegmentAction[] = [];
  let window = 0;
  pattern.forEach((seconds, i) => {
    for (let n = windows(seconds); n > 0; n--) actions.push(...segmenter.push(i % 2 === 1, loudness(window++)));
  });
  const end = window * WINDOW_SAMPLES;
  return { segmenter, actions, end };
}

const utterances = (actions: readonly SegmentAction[]) => actions.filter((action) => action.type === "utterance");
const seconds = (samples: number): number => samples / SECOND;

function expectTiling(actions: readonly SegmentAction[], end: number): void {
  let at = 0;
  for (const action of actions) {
    if (action.type === "speculate") continue;
    expect(action.start).toBe(at);
    expect(action.end).toBeGreaterThan(action.start);
    at = action.end;
  }
  expect(at).toBe(end);
}

describe("an utterance", () => {
  it("opens before the voice and ends after it, once the quiet has lasted", () => {
    const { actions } = run([2, 1.5, 1]);
    const [utterance] = utterances(actions);
    expect(utterances(actions)).toHaveLength(1);
    expect(utterance?.speechFinal).toBe(true);
    expect(seconds(utterance?.start ?? 0)).toBeCloseTo(1.7, 1);
    expect(seconds(utterance?.end ?? 0)).toBeCloseTo(3.7, 1);
  });

  it("is said to be likely while the quiet is young, with the very stretch that is closed later", () => {
    const { actions } = run([1, 1.5, 1]);
    const guess = actions.findIndex(({ type }) => type === "speculate");
    const close = actions.findIndex(({ type }) => type === "utterance");
    expect(guess).toBeGreaterThan(-1);
    expect(guess).toBeLessThan(close);
    expect(actions[close]).toMatchObject({ ...actions[guess], type: "utterance" });
  });

  it.each([
    ["goes on over a short pause", [0.5, 1.1, 0.3, 1.1, 1], 1],
    ["ends at a long one", [0.5, 1.1, 0.7, 1.1, 1], 2],
    ["is not made of a click", [0.5, 0.06, 1], 0],
    ["may be a short word", [0.5, 0.3, 1], 1],
    ["of two clicks close together is one of enough voice", [0.5, 0.06, 0.2, 0.06, 1], 1],
    ["of few words waits longer before it ends", [0.5, 0.5, 0.5, 0.5, 1], 1],
    ["of many words does not", [0.5, 1.5, 0.5, 0.5, 1], 2],
  ])("%s", (_what, pattern, count) => {
    expect(utterances(run(pattern).actions)).toHaveLength(count);
  });

  it("that is long already ends at a breath, which is no end of speech", () => {
    const [first] = utterances(run([0.5, 7.5, 0.3, 1, 1]).actions);
    expect(first?.speechFinal).toBe(false);
    expect(seconds(first?.end ?? 0)).toBeCloseTo(8.2, 1);
  });

  it("is cut at the quietest moment of its last third, and nothing of it is lost", () => {
    const quietest = windows(12);
    const { actions, segmenter, end } = run([0, 20, 1], LIVE_SEGMENTS, (window) => Math.abs(window - quietest));
    const [first, second] = utterances(actions);
    expect(first).toMatchObject({ start: 0, end: quietest * WINDOW_SAMPLES, speechFinal: false });
    expect(second).toMatchObject({ start: quietest * WINDOW_SAMPLES });
    expectTiling([...actions, ...segmenter.flush(end)], end);
  });

  it("cut just before its end keeps its last syllable", () => {
    const { actions } = run([0, 15.1, 1], LIVE_SEGMENTS, (window) => Math.abs(window - windows(14.9)));
    expect(utterances(actions)).toHaveLength(2);
  });
});

describe("the lead of an utterance, which the recogniser hears before it", () => {
  const leads = (pattern: readonly number[], loudness?: (window: number) => number) =>
    utterances(run(pattern, LIVE_SEGMENTS, loudness).actions).map(({ hear, start }) => seconds(start - hear));

  it.each([
    ["is 0.4 s where it was long quiet", [2, 1.5, 3, 1.5, 1], [0.4, 0.4]],
    ["is what there is at the beginning of a stream", [0.5, 1.5, 1], [0.2]],
    ["goes into the quiet end of the utterance before, but not to its voice", [1, 1.5, 0.5, 1.5, 1], [0.4, 0.17]],
    ["ends at a voice too short to be an utterance", [1, 0.06, 0.7, 1.5, 1], [0.36]],
  ])("%s", (_what, pattern, expected) => {
    leads(pattern).forEach((lead, i) => {
      expect(lead).toBeCloseTo(expected[i] ?? Number.NaN, 1);
    });
    expect(leads(pattern)).toHaveLength(expected.length);
  });

  it("is nothing after a cut, where speech lies before", () => {
    const [first, second] = leads([1, 20, 1]);
    expect(first).toBeGreaterThan(0);
    expect(second).toBe(0);
  });
});

describe("silence", () => {
  it("is closed every five seconds, all but the last 1.5 s", () => {
    const { actions, segmenter } = run([16.6]);
    expect(actions.map(({ type }) => type)).toEqual(["silence", "silence", "silence"]);
    expect(seconds(segmenter.closedTo)).toBeGreaterThan(14.9);
    expect(seconds(segmenter.closedTo)).toBeLessThanOrEqual(15.1);
  });

  it("before an utterance is closed with it, so that another stream can hear what it hears", () => {
    expect(run([3, 1.5]).segmenter.closedTo).toBe(0);
    const [silence, , utterance] = run([3, 1.5, 1]).actions;
    expect(silence).toMatchObject({ type: "speculate" });
    expect(utterance).toMatchObject({ type: "utterance" });
  });
});

describe("flush", () => {
  it("closes an open utterance at the very end, also within a window", () => {
    const { segmenter, end } = run([1, 1]);
    const start = segmenter.open?.start ?? Number.NaN;
    const hear = windows(1) * WINDOW_SAMPLES - 0.7 * SECOND;
    expect(segmenter.flush(end + 100)).toEqual([
      { type: "silence", start: 0, end: start },
      { type: "utterance", hear, start, end: end + 100, speechFinal: true },
    ]);
    expect(segmenter.closedTo).toBe(end + 100);
  });

  it("closes silence, and a voice too short to believe in, as silence", () => {
    expect(createSegmenter(LIVE_SEGMENTS).flush(777)).toEqual([{ type: "silence", start: 0, end: 777 }]);
    const { segmenter, end } = run([0, 0.06]);
    expect(segmenter.flush(end)).toEqual([{ type: "silence", start: 0, end }]);
  });

  it("twice says nothing the second time", () => {
    const { segmenter, end } = run([1, 1]);
    segmenter.flush(end);
    expect(segmenter.flush(end)).toEqual([]);
  });
});

describe("whatever the flags say", () => {
  const options = fc.record({
    endpointMs: fc.integer({ min: 200, max: 2_000 }),
    breathAfterMs: fc.integer({ min: 500, max: 10_000 }),
    fewWordsEndpointMs: fc.integer({ min: 200, max: 2_000 }),
    maxMs: fc.integer({ min: 1_000, max: 20_000 }),
  });
  const stretch = fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }));
  /** Between stretches a listener may ask for everything, at any sample. */
  const step = fc.oneof({ weight: 6, arbitrary: stretch }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 511 }) });

  it("the closed stretches tile the stream, no utterance is too long, and open agrees with what is closed", () => {
    fc.assert(
      fc.property(options, fc.array(step, { maxLength: 40 }), (chosen, steps) => {
        const segmenter = createSegmenter(chosen);
        const actions: SegmentAction[] = [];
        /** By the number of actions said before: where the segmenter last said that what lies before is not needed. */
        const needed: number[] = [];
        let end = 0;
        /** The end of the last utterance or flush. */
        let settledTo = 0;
        for (const next of steps) {
          if (typeof next === "number") {
            end += next;
            actions.push(...segmenter.flush(end));
            expect(segmenter.closedTo).toBe(end);
            expect(segmenter.open).toBeUndefined();
            settledTo = end;
            continue;
          }
          const [voice, count, loudness] = next;
          for (let i = 0; i < count; i++) {
            end += WINDOW_SAMPLES;
            const said = segmenter.push(voice, loudness * i);
            actions.push(...said);
            settledTo = utterances(said).at(-1)?.end ?? settledTo;
            const { open } = segmenter;
            needed[actions.length] = segmenter.neededFrom;
            if (open !== undefined && open.hear < segmenter.neededFrom) expect.fail("the open utterance is forgotten");
            if (open !== undefined) {
              expect(open.end).toBe(end);
              expect(open.start).toBeGreaterThanOrEqual(segmenter.closedTo);
              // A stream that is fed again from what is closed hears of an utterance what this one hears.
              expect(segmenter.closedTo).toBeLessThanOrEqual(Math.max(open.hear, settledTo));
            }
            // Silence waits 6.5 s at most, an utterance its longest, a doubtful voice the quiet that ends it.
            expect(end - segmenter.closedTo).toBeLessThanOrEqual(
              (6.6 + chosen.maxMs / 1_000 + Math.max(chosen.endpointMs, chosen.fewWordsEndpointMs) / 1_000 + 0.5) *
                SECOND,
            );
          }
        }
        end += 1;
        actions.push(...segmenter.flush(end));
        expectTiling(actions, end);
        // What was said not to be needed any more is not asked for later.
        let neededFrom = 0;
        for (const [i, action] of actions.entries()) {
          neededFrom = Math.max(neededFrom, needed[i] ?? 0);
          if (action.type !== "silence") expect(action.hear).toBeGreaterThanOrEqual(neededFrom);
        }
        for (const { hear, start, end: to } of utterances(actions)) {
          expect(start - hear).toBeGreaterThanOrEqual(0);
          expect(start - hear).toBeLessThanOrEqual(1.5 * SECOND);
          expect(to - start).toBeLessThanOrEqual((chosen.maxMs / 1_000 + 0.1) * SECOND);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("an utterance is closed with the voice that opened it inside", () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.3, max: 4, noNaN: true }), { minLength: 3, maxLength: 12 }),
        (pattern) => {
          const { actions, segmenter, end } = run(pattern);
          const closed = utterances([...actions, ...segmenter.flush(end)]);
          let at = 0;
          pattern.forEach((length, i) => {
            const from = at * WINDOW_SAMPLES;
            at += windows(length);
            const to = at * WINDOW_SAMPLES;
            if (i % 2 === 0) return;
            const covered = closed.reduce(
              (sum, { start, end: until }) => sum + Math.max(0, Math.min(until, to) - Math.max(start, from)),
              0,
            );
            expect(covered).toBe(to - from);
          });
        },
      ),
    );
  });
});
