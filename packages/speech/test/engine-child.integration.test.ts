/** The engine alone with its real child process: what happens when the child hangs, and what it hears. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Clock, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { jfkSamples, plainWords, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine, type Engine } from "../src/engine/engine.ts";
import { createSegmenter, LIVE_SEGMENTS, WINDOW_SAMPLES } from "../src/segment/segmenter.ts";

/** The system's clock, put forward at will. Timers keep running at their pace. */
let forwardMs = 0;
const clock: Clock = { ...systemClock, now: () => systemClock.now() + forwardMs };

let folder: string;
let engine: Engine;
let speech: Float32Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-engine-"));
  const settings = { model: "tiny", cacheDir: folder } as const;
  engine = createEngine({ settings, idleMs: 60_000, clock, random: systemRandom, log: silentLog });
  speech = await jfkSamples(1);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

const opening = () => engine.decode(speech.slice(0, 3 * 16_000));

describe("a child that hangs", () => {
  it("is killed half a minute later; who waited is told, and the next work finds a new one", async () => {
    expect(plainWords(await opening())).toContain("americans");
    const pid = engine.status.pid ?? expect.fail("no child");
    const deaths: string[] = [];
    const vad = engine.openVad((error) => deaths.push(error.code));

    process.kill(pid, "SIGSTOP");
    const refusals = [opening(), vad.push(new Float32Array(WINDOW_SAMPLES))].map((work) =>
      work.then(
        () => "answered",
        (error: unknown) => error,
      ),
    );
    forwardMs += 31_000;
    for (const refusal of await Promise.all(refusals)) {
      expect(refusal).toMatchObject({ code: "engine_died", class: "transport" });
    }
    expect(deaths).toEqual(["engine_died"]);
    expect(engine.status).toMatchObject({ crashes: 1, streams: 0, lastError: "no answer for 30 s" });
    // Its stream is over for good.
    await expect(vad.push(new Float32Array(WINDOW_SAMPLES))).rejects.toMatchObject({ code: "engine_died" });
    vad.close();

    expect(plainWords(await opening())).toContain("americans");
    expect(engine.status.pid).not.toBe(pid);
    expect(engine.status).toMatchObject({ state: "ready", loads: 2, crashes: 1 });
  });

  it("is not mistaken for one that has nothing to do", async () => {
    const { pid } = engine.status;
    forwardMs += 31_000;
    const end = systemClock.now() + 1_500;
    await waitFor("a look of the watch", () => systemClock.now() > end);
    expect(plainWords(await opening())).toContain("americans");
    expect(engine.status).toMatchObject({ pid, crashes: 1 });
  });
});

describe("voice activity", () => {
  it("of two streams at once is that of each alone, and finds the four sentences of the speech", async () => {
    const flagsOf = async (samples: Float32Array, step: number) => {
      const vad = engine.openVad(() => {});
      const flags: number[] = [];
      for (let at = 0; at + step <= samples.length; at += step) {
        flags.push(...(await vad.push(samples.slice(at, at + step))));
      }
      vad.close();
      return flags;
    };
    const quiet = new Float32Array(4 * 16_000);
    const [heard, silence] = await Promise.all([flagsOf(speech, 10 * WINDOW_SAMPLES), flagsOf(quiet, WINDOW_SAMPLES)]);
    const again = await flagsOf(speech, 5 * WINDOW_SAMPLES);
    expect(silence.some((flag) => flag === 1)).toBe(false);
    expect(again.slice(0, heard.length)).toEqual(heard);

    const segmenter = createSegmenter(LIVE_SEGMENTS);
    const actions = [...again.flatMap((flag) => segmenter.push(flag === 1, 1)), ...segmenter.flush(speech.length)];
    const texts: string[] = [];
    for (const action of actions) {
      if (action.type === "utterance") texts.push(await engine.decode(speech.slice(action.hear, action.end)));
    }
    expect(texts).toHaveLength(4);
    expect(plainWords(texts[0] ?? "")).toEqual(["and", "so", "my", "fellow", "americans"]);
  });
});
