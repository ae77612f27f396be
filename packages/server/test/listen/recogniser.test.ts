/**
 * Where streams of a recogniser follow one another: a stream that ended may have an answer of the store on its way, and last
 * words that take long to be stored.
 */
import { silentLog, Watermarks } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import type { StoredChunk } from "@holdfast/store";
import type { StreamEvents, SttStream } from "@holdfast/stt-client";
import { describe, expect, it } from "vitest";
import type { AudioLog, AudioMessage } from "../../src/listen/audio-log.ts";
import { Lots } from "../../src/listen/lots.ts";
import { Recogniser, type RecogniserOptions } from "../../src/listen/recogniser.ts";

type Results = Parameters<StreamEvents["onResults"]>[0];

const LAST = {
  ...{ type: "Results", channel_index: [0, 1], start: 0, duration: 1, is_final: true, speech_final: true },
  ...{ from_finalize: false, channel: { alternatives: [{ transcript: "One." }] } },
} as unknown as Results;

/** A stream that opens at once and keeps what it was sent. */
class FakeStream implements SttStream {
  readonly sent: number[] = [];
  readonly heardBefore: number[] = [];
  readonly bufferedBytes = 0;
  readonly badFrames = 0;
  readonly #events: StreamEvents;

  constructor(events: StreamEvents) {
    this.#events = events;
    queueMicrotask(() => events.onOpen?.());
  }

  context(messages: readonly Uint8Array[]): void {
    this.heardBefore.push(...messages.map((bytes) => bytes[0] ?? -1));
  }

  send(message: Uint8Array): boolean {
    this.sent.push(message[0] ?? -1);
    return true;
  }

  together(sends: () => void): void {
    sends();
  }

  finalize(): void {}

  abort(): void {
    this.#events.onEnd({ code: 1000, reason: "", error: undefined });
  }

  async finish(): Promise<void> {
    this.#events.onResults(LAST);
    this.abort();
  }
}

/** A second that says its own number. */
const message = (index: number): AudioMessage => ({
  ...{ index, channel: 0, bytes: new Uint8Array(32_000).fill(index), durationMs: 1_000 },
  ...{ capturedAtMs: index * 1_000, conversationId: "c" },
});

const chunk = (from: number, to: number): StoredChunk => ({
  ...{ firstMessage: from, messageCount: to - from, durationMs: (to - from) * 1_000, capturedAtMs: from * 1_000 },
  ...{ conversationId: "c", codec: "pcm16", sampleRate: 16_000, layout: "linear8", channels: 1 },
  messages: Array.from({ length: to - from }, (_, at) => message(from + at).bytes),
});

function recogniserOf(durable: number, options: Partial<RecogniserOptions>): [Recogniser, FakeStream[], string[]] {
  const streams: FakeStream[] = [];
  const states: string[] = [];
  const recogniser = new Recogniser({
    ...{ clock: systemClock, random: systemRandom, log: silentLog, lots: new Lots(systemClock) },
    ...{ codec: "pcm16", sampleRate: 16_000, channels: 1, channel: 0, watermarks: new Watermarks([0], 0) },
    ...{ layout: () => "linear8", formatKnown: Promise.resolve(), load: async () => [] },
    audio: { durable, waitingFrom: () => [] } as unknown as AudioLog,
    open: (_layout, events) => {
      const stream = new FakeStream(events);
      streams.push(stream);
      return stream;
    },
    onStretch: async () => {},
    onState: (state) => states.push(state),
    ...options,
  });
  return [recogniser, streams, states];
}

describe("a recogniser whose stream ends", () => {
  it("feeds the next one from the watermark, also when the store answers the one before late", async () => {
    const answers: ((chunks: StoredChunk[]) => void)[] = [];
    const load = (): Promise<StoredChunk[]> => new Promise((resolve) => answers.push(resolve));
    const [recogniser, streams] = recogniserOf(4, { load });
    await expect.poll(() => answers.length).toBe(1);
    streams[0]?.abort();
    await expect.poll(() => answers.length).toBe(2);
    answers[0]?.([chunk(0, 4)]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(streams.map(({ sent }) => sent)).toEqual([[], []]);
    answers[1]?.([chunk(0, 2), chunk(2, 4)]);
    await expect.poll(() => recogniser.state).toBe("live");
    expect(streams.map(({ sent }) => sent)).toEqual([[], [0, 1, 2, 3]]);
    recogniser.abort();
  });

  it("lets the next one hear the two seconds before the watermark, or nothing where the store does not answer", async () => {
    const asked: [number, number][] = [];
    let isAway = false;
    const load = async (from: number, to: number): Promise<StoredChunk[]> => {
      asked.push([from, to]);
      if (isAway && to === 5) throw new Error("away");
      return [chunk(from, to)];
    };
    const [recogniser, streams] = recogniserOf(8, { load, watermarks: new Watermarks([0], 5) });
    await expect.poll(() => streams[0]?.sent).toEqual([5, 6, 7]);
    expect(streams[0]?.heardBefore).toEqual([3, 4]);
    isAway = true;
    streams[0]?.abort();
    await expect.poll(() => streams[1]?.sent).toEqual([5, 6, 7]);
    expect(streams[1]?.heardBefore).toEqual([]);
    expect(asked.filter(([, to]) => to === 8)).toEqual([
      [5, 8],
      [5, 8],
    ]);
    recogniser.abort();
  });

  it("misses nothing that comes in the moment in which it is fed to the end", async () => {
    const answer = Promise.withResolvers<StoredChunk[]>();
    const [recogniser, streams] = recogniserOf(2, { load: async () => await answer.promise });
    await expect.poll(() => recogniser.state).toBe("replaying");
    // Pushed by what follows the same answer, a few turns behind it and before any timer.
    let behind = answer.promise.then(() => {});
    for (let turn = 0; turn < 3; turn++) behind = behind.then(() => {});
    const pushed = behind.then(() => recogniser.push(message(2)));
    answer.resolve([chunk(0, 2)]);
    await pushed;
    await expect.poll(() => streams[0]?.sent).toEqual([0, 1, 2]);
    recogniser.abort();
  });

  it("opens no stream after its last one, however long the last words take to be stored", async () => {
    const stored = Promise.withResolvers<void>();
    const [recogniser, streams, states] = recogniserOf(0, { onStretch: async () => await stored.promise });
    await expect.poll(() => recogniser.state).toBe("live");
    recogniser.push(message(0));
    const finished = recogniser.finish();
    // Longer than the first backoff, after which another stream would be opened.
    await new Promise((resolve) => setTimeout(resolve, 200));
    stored.resolve();
    await finished;
    expect(streams).toHaveLength(1);
    expect(states).toEqual(["live"]);
    expect(recogniser.state).toBe("ended");
  });
});
