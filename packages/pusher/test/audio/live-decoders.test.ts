/** What live links carry as samples: the sides of a call are added up as far as all have come, and nothing of them is lost. */
import { writeFrames } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { createLiveDecoders } from "../../src/audio/live-decoders.ts";

const pcm = (...samples: readonly number[]): Uint8Array => new Uint8Array(Int16Array.from(samples).buffer);
const side = (channel: number, ...samples: readonly number[]) => Uint8Array.from([channel, ...pcm(...samples)]);
const samplesOf = (bytes: Uint8Array): number[] => [...new Int16Array(bytes.slice().buffer)];
const call = { stream: 1, codec: "pcm16", sampleRate: 16_000, layout: "linear8", channels: 2 } as const;

function decoders() {
  const live = createLiveDecoders();
  return {
    decode: async (over: object, ...messages: readonly Uint8Array[]) =>
      samplesOf(await live.decode({ ...call, ...over, payload: writeFrames(messages) })),
    end: (stream = 1) => samplesOf(live.end(stream)),
  };
}

describe("a call", () => {
  it("is the sum of its sides, clipped, as far as both have come; the rest comes with the end", async () => {
    const { decode, end } = decoders();
    expect(await decode({}, side(1, 10, 20, 30, 30_000), side(2, 1, 2))).toEqual([11, 22]);
    expect(await decode({}, side(2, 3, 30_000, -5))).toEqual([33, 32_767]);
    expect(end()).toEqual([-5]);
    expect(end()).toEqual([]);
  });

  it("drops messages of channels nobody knows", async () => {
    const { decode, end } = decoders();
    expect(await decode({}, side(1, 1), side(9, 100), side(0, 100), side(2, 2))).toEqual([3]);
    expect(end()).toEqual([]);
  });

  it("is not held back for longer than a second by a side that says nothing", async () => {
    const { decode, end } = decoders();
    await decode({}, side(1, 7), side(2, 7));
    const given = await decode({}, side(1, ...Array.from({ length: 20_000 }, () => 5)));
    expect(given).toEqual(Array.from({ length: 4_000 }, () => 5));
    expect(end()).toHaveLength(16_000);
  });

  it("has nothing to do with other streams", async () => {
    const { decode, end } = decoders();
    expect(await decode({}, side(1, 1, 1), side(2, 1))).toEqual([2]);
    expect(await decode({ stream: 2, channels: 1 }, pcm(4, 5))).toEqual([4, 5]);
    expect([end(2), end(1)]).toEqual([[], [1]]);
  });

  it("gives what it held back before another format", async () => {
    const { decode } = decoders();
    expect(await decode({}, side(1, 1, 2), side(2, 1))).toEqual([2]);
    expect(await decode({ channels: 1 }, pcm(9))).toEqual([2, 9]);
  });
});
