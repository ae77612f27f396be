/**
 * One live session on a scripted engine: flags and words are functions of the samples, answers come in any order and at any
 * time. What is checked is the order of things, which must not depend on when answers come. (The real engine is in the
 * integration tests.)
 */
import { createMessageDecoder } from "@holdfast/codecs";
import { HoldfastError } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Engine } from "../src/engine/engine.ts";
import { createListenSession, type Stretch } from "../src/listen/session.ts";
import type { Recogniser } from "../src/recognise/recogniser.ts";
import { LIVE_SEGMENTS, WINDOW_SAMPLES } from "../src/segment/segmenter.ts";

const SECOND = 16_000;
/** Voice is a constant; the words of a stretch are its distinct levels. */
const LEVEL = 1 / 128;

interface Script {
  /** Turns of the event loop until the next answer of the engine, taken one after the other. */
  readonly delays: readonly number[];
  readonly failAfter?: number;
}

function scripted({ delays, failAfter = Number.POSITIVE_INFINITY }: Script) {
  let turn = 0;
  const later = async (): Promise<void> => {
    for (let n = delays[turn++ % Math.max(1, delays.length)] ?? 0; n > 0; n--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (turn > failAfter) throw new HoldfastError("died", { code: "engine_died", class: "transport" });
  };
  let lastFlags: Promise<unknown> = Promise.resolve();
  const engine: Engine = {
    warm: () => {},
    openVad: () => ({
      push: (samples) => {
        // Answers of one stream come in the order of its questions.
        const before = lastFlags;
        const flags = Promise.all([before.catch(() => {}), later()]).then(() =>
          Uint8Array.from({ length: samples.length / WINDOW_SAMPLES }, (_, i) =>
            samples[i * WINDOW_SAMPLES] === 0 ? 0 : 1,
          ),
        );
        lastFlags = flags;
        return flags;
      },
      close: () => {},
    }),
    decode: () => Promise.reject(new Error("the recogniser is asked instead")),
    status: { state: "ready", pid: 1, loads: 1, crashes: 0, loadMs: 1, rssBytes: 1, streams: 1, lastError: undefined },
    close: async () => {},
  };
  const recogniser: Recogniser = {
    partials: true,
    warm: () => {},
    async recognise(samples) {
      await later();
      const levels = new Set<number>();
      for (let i = 0; i < samples.length; i += 64)
        if (samples[i] !== 0) levels.add(Math.round((samples[i] ?? 0) / LEVEL));
      return [...levels].join(" ");
    },
  };
  return { engine, recogniser };
}

/** The parts one after the other, each its own level, and whatever else is to happen between messages. */
async function run(
  parts: readonly { seconds: number; voice: boolean; finalize: boolean }[],
  script: Script,
  contextParts = 0,
) {
  const told: Stretch[] = [];
  const failures: unknown[] = [];
  const decoder = await createMessageDecoder({ codec: "pcm16", sampleRate: SECOND });
  const session = createListenSession({
    decoder,
    ...scripted(script),
    clock: systemClock,
    segments: LIVE_SEGMENTS,
    interim: true,
    onStretch: (stretch) => told.push(stretch),
    onFailure: (error) => failures.push(error),
  });
  let finalizes = 0;
  for (const [i, { seconds, voice, finalize }] of parts.entries()) {
    const level = voice ? ((i % 100) + 1) * LEVEL * 32_768 : 0;
    const samples = new Int16Array(Math.round(seconds * SECOND)).fill(level);
    for (let at = 0; at < samples.length; at += 1_600) {
      const message = new Uint8Array(samples.slice(at, at + 1_600).buffer);
      if (i < contextParts) session.context(message);
      else session.audio(message);
      if (at % 16_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    if (finalize && i >= contextParts) {
      session.finalize();
      finalizes += 1;
    }
  }
  await session.finish();
  return { session, told, finals: told.filter(({ isFinal }) => isFinal), failures, finalizes };
}

const part = fc.record({
  seconds: fc.double({ min: 0.05, max: 4, noNaN: true }),
  voice: fc.boolean(),
  finalize: fc.boolean(),
});
const parts = fc.array(part, { maxLength: 8 });
const delays = fc.array(fc.nat(6), { minLength: 1, maxLength: 10 });

describe("a live session", () => {
  it("tells finals end to end up to what it received, whenever the engine answers", async () => {
    await fc.assert(
      fc.asyncProperty(parts, delays, async (spoken, script) => {
        const { session, finals, failures, finalizes } = await run(spoken, { delays: script });
        expect(failures).toEqual([]);
        let at = 0;
        for (const { start, end } of finals) {
          expect(start).toBe(at);
          at = end;
        }
        expect(at).toBe(session.received);
        expect(session.backlog).toBe(0);
        expect(finals.filter(({ fromFinalize }) => fromFinalize).length).toBeGreaterThanOrEqual(finalizes);
        session.close();
      }),
      { numRuns: 40 },
    );
  });

  it("gives the same finals however slow the engine is, each voice in one of them", async () => {
    await fc.assert(
      fc.asyncProperty(parts, delays, async (spoken, script) => {
        const quick = await run(spoken, { delays: [0] });
        const slow = await run(spoken, { delays: script });
        expect(slow.finals).toEqual(quick.finals);
        const heard = new Set(quick.finals.flatMap(({ text }) => text.split(" ").map(Number)));
        for (const [i, { seconds, voice }] of spoken.entries()) {
          if (voice && seconds > 0.3) expect(heard).toContain((i % 100) + 1);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("hears its context and tells nothing of it; its clock begins behind it", async () => {
    const levelOf = (at: number): number => (at % 100) + 1;
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(4), delays, async (spoken, contextParts, script) => {
        const { session, finals, failures } = await run(spoken, { delays: script }, contextParts);
        expect(failures).toEqual([]);
        const told = spoken.slice(contextParts);
        const length = told.reduce((sum, { seconds }) => sum + Math.round(seconds * SECOND), 0);
        expect(session.received).toBe(length);
        expect(finals.at(-1)?.end ?? 0).toBe(length);
        finals.forEach(({ start }, at) => {
          expect(start).toBe(finals[at - 1]?.end ?? 0);
        });
        const words = new Set(finals.flatMap(({ text }) => text.split(" ").filter(Boolean).map(Number)));
        // The last of the context may share a window with the first that is told.
        for (let at = 0; at < contextParts - 1; at++) expect(words).not.toContain(levelOf(at));
        told.forEach(({ seconds, voice }, at) => {
          if (voice && seconds > 0.3) expect(words).toContain(levelOf(contextParts + at));
        });
      }),
      { numRuns: 40 },
    );
  });

  it("tells a partial only of the utterance that is open, and none after its final", async () => {
    await fc.assert(
      fc.asyncProperty(parts, delays, async (spoken, script) => {
        const { told } = await run(spoken, { delays: script });
        let closedTo = 0;
        for (const { isFinal, start, end, text } of told) {
          if (!isFinal) {
            expect(text).not.toBe("");
            expect(start).toBeGreaterThanOrEqual(closedTo);
            continue;
          }
          expect(start).toBe(closedTo);
          closedTo = end;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("is ended once by a failure of the engine, and tells nothing afterwards", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { minLength: 3, maxLength: 8 }), fc.nat(20), async (spoken, failAfter) => {
        const { failures, told, finals } = await run(spoken, { delays: [1, 0, 3], failAfter });
        expect(failures.length).toBeLessThanOrEqual(1);
        if (failures.length === 0) return;
        expect(failures[0]).toMatchObject({ code: "engine_died" });
        const count = told.length;
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(told).toHaveLength(count);
        let at = 0;
        for (const { start, end } of finals) {
          expect(start).toBe(at);
          at = end;
        }
      }),
      { numRuns: 30 },
    );
  });

  it("answers Finalize where nothing was said with an empty stretch", async () => {
    const { finals } = await run(
      [
        { seconds: 1, voice: false, finalize: true },
        { seconds: 0.05, voice: false, finalize: true },
      ],
      { delays: [2] },
    );
    expect(finals.map(({ text, fromFinalize }) => [text, fromFinalize])).toEqual([
      ["", true],
      ["", true],
    ]);
  });
});
