/** The audio worklet in the scope it expects: what it posts for what the audio thread hands it. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FRAME_SAMPLES, type FromWorklet, PROCESSOR_NAME, type ToWorklet } from "./frame.ts";

const RATE = 48_000;
const BLOCK = 128;

interface Processor {
  process(inputs: readonly (readonly Float32Array[])[]): boolean;
  readonly port: { onmessage: (event: { readonly data: ToWorklet }) => void };
}

const posted: FromWorklet[] = [];
let registered: [string, new () => Processor] | undefined;

beforeEach(async () => {
  posted.length = 0;
  vi.stubGlobal("sampleRate", RATE);
  vi.stubGlobal("registerProcessor", (name: string, processor: new () => Processor) => {
    registered = [name, processor];
  });
  vi.stubGlobal(
    "AudioWorkletProcessor",
    class {
      readonly port = { postMessage: (message: FromWorklet) => posted.push(message), onmessage: null };
    },
  );
  vi.resetModules();
  await import("./capture-processor.ts");
});
afterEach(() => {
  vi.unstubAllGlobals();
});

function start(): Processor {
  if (registered === undefined) throw new Error("nothing was registered");
  return new registered[1]();
}

/** Feeds this long, block by block, and returns what the last block was answered. */
function feed(processor: Processor, ms: number, channels: readonly number[]): boolean {
  let alive = true;
  for (let fed = 0; fed < (RATE * ms) / 1000; fed += BLOCK)
    alive = processor.process([channels.map((value) => new Float32Array(BLOCK).fill(value))]);
  return alive;
}

const frames = () => posted.filter((message) => message.type === "frame");

describe("the worklet", () => {
  it("registers under the name by which the page asks for it", () => expect(registered?.[0]).toBe(PROCESSOR_NAME));

  it("posts frames of 20 ms, and the rest when it is told to finish", () => {
    const processor = start();
    expect(feed(processor, 1_000, [0.5])).toBe(true);
    const before = frames().length;
    expect(before).toBeGreaterThanOrEqual(48);
    expect(before).toBeLessThanOrEqual(50);
    processor.port.onmessage({ data: { type: "flush" } });
    expect(frames().length).toBeGreaterThanOrEqual(50);
    for (const { samples } of frames()) expect(samples.length).toBe(FRAME_SAMPLES);
    expect(posted.at(-1)).toEqual({ type: "flushed" });
  });

  it("takes nothing after the end, says so once, and lets its node go", () => {
    const processor = start();
    feed(processor, 100, [0.5]);
    processor.port.onmessage({ data: { type: "flush" } });
    const after = posted.length;
    expect(feed(processor, 100, [0.5])).toBe(false);
    processor.port.onmessage({ data: { type: "flush" } });
    expect(posted.length).toBe(after);
  });

  it("mixes channels to their mean, and measures how loud it is", () => {
    const processor = start();
    feed(processor, 200, [0.6, 0.2]);
    const { samples, level } = frames().at(-1) ?? { samples: new Float32Array(), level: 0 };
    expect(samples[FRAME_SAMPLES / 2]).toBeCloseTo(0.4, 2);
    expect(level).toBeCloseTo(0.4, 2);
  });

  it("of opposite channels hears silence, and of none nothing", () => {
    const processor = start();
    feed(processor, 200, [0.5, -0.5]);
    expect(frames().at(-1)?.level).toBeCloseTo(0, 6);
    const before = posted.length;
    expect(processor.process([[]])).toBe(true);
    expect(processor.process([])).toBe(true);
    expect(posted.length).toBe(before);
  });
});
