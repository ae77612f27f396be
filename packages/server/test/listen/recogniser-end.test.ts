/** A recogniser that is asked to finish: its last words may take long to be stored, and no further stream begins meanwhile. */
import { silentLog, Watermarks } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import type { Db } from "@holdfast/store";
import type { StreamEvents, SttStream } from "@holdfast/stt-client";
import { describe, expect, it } from "vitest";
import type { AudioLog } from "../../src/listen/audio-log.ts";
import { Lots } from "../../src/listen/lots.ts";
import { Recogniser } from "../../src/listen/recogniser.ts";

const RESULTS = { type: "Results", channel_index: [0, 1], start: 0, duration: 1, is_final: true } as const;
const LAST = {
  ...RESULTS,
  speech_final: true,
  from_finalize: false,
  channel: { alternatives: [{ transcript: "One." }] },
};

describe("a recogniser that finishes", () => {
  it("opens no stream after its last one, however long the last words take to be stored", async () => {
    const streams: StreamEvents[] = [];
    const stored = Promise.withResolvers<void>();
    const states: string[] = [];
    const open = (events: StreamEvents): SttStream => {
      streams.push(events);
      const end = (): void => events.onEnd({ code: 1000, reason: "", error: undefined });
      queueMicrotask(() => events.onOpen?.());
      return {
        ...{ send: () => true, together: (sends: () => void) => sends(), finalize: () => {}, abort: end },
        ...{ bufferedBytes: 0, badFrames: 0 },
        async finish() {
          events.onResults(LAST as unknown as Parameters<StreamEvents["onResults"]>[0]);
          end();
        },
      };
    };
    const recogniser = new Recogniser({
      db: {} as Db,
      ...{ clock: systemClock, random: systemRandom, log: silentLog, lots: new Lots(systemClock) },
      hold: { userId: "u", id: "r", epoch: 1, durableMessages: 0, transcribedMessages: 0, channelMarks: {} },
      ...{ codec: "opus", sampleRate: 16_000, channels: 1, channel: 0, watermarks: new Watermarks([0], 0) },
      ...{ layout: () => "linear8", formatKnown: Promise.resolve() },
      audio: { durable: 0, waitingFrom: () => [] } as unknown as AudioLog,
      open: (_layout, events) => open(events),
      onStretch: async () => await stored.promise,
      onState: (state) => states.push(state),
    });
    await expect.poll(() => recogniser.state).toBe("live");
    const sound = {
      index: 0,
      channel: 0,
      bytes: new Uint8Array(40),
      durationMs: 1_000,
      capturedAtMs: 0,
      conversationId: "c",
    };
    recogniser.push(sound);
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
