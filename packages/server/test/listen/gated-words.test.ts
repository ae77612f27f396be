/** A recogniser that is taken away and brought back: nothing is fed meanwhile, and nothing is written that a repair has. */
import { Watermarks } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import type { AudioMessage } from "../../src/listen/audio-log.ts";
import { GatedWords } from "../../src/listen/gated-words.ts";
import type { RecogniserState } from "../../src/listen/recogniser.ts";
import type { WordSource } from "../../src/listen/suggested.ts";

/** A recogniser that notes what it is asked, and ends when the test says so. */
class Noted implements WordSource {
  state: RecogniserState = "live";
  readonly asked: string[] = [];
  readonly ends = Promise.withResolvers<void>();
  push(message: AudioMessage): void {
    this.asked.push(`push ${message.index}`);
  }
  async flush(): Promise<void> {
    this.asked.push("flush");
  }
  skipTo(message: number): void {
    this.asked.push(`skip ${message}`);
  }
  async finish(): Promise<void> {
    this.asked.push("finish");
    await this.ends.promise;
  }
  abort(): void {
    this.asked.push("abort");
  }
}

function open(paused = false) {
  const made: Noted[] = [];
  const watermarks = new Watermarks([0], 0);
  const create = (): WordSource => {
    const next = new Noted();
    made.push(next);
    return next;
  };
  return { made, watermarks, words: new GatedWords({ channel: 0, watermarks, create, paused }) };
}

const message = (index: number): AudioMessage => ({
  ...{ index, channel: 0, bytes: new Uint8Array(3), durationMs: 20, capturedAtMs: 0, conversationId: "c" },
});

describe("gated words", () => {
  it("are those of the recogniser while nothing stops them", async () => {
    const { made, words } = open();
    words.push(message(0));
    await words.flush();
    words.skipTo(1);
    words.abort();
    expect(made.map(({ asked }) => asked)).toEqual([["push 0", "flush", "skip 1", "abort"]]);
    expect(words.state).toBe("ended");
  });

  it("feed nothing while the last words are stored, and still let a repair take what has none", async () => {
    const { made, words } = open();
    let done = false;
    const pausing = words.pause().then(() => {
      done = true;
    });
    const flushing = words.flush();
    words.push(message(0));
    words.skipTo(5);
    expect(words.state).toBe("waiting");
    await Promise.resolve();
    expect(done).toBe(false);
    made[0]?.ends.resolve();
    await Promise.all([pausing, flushing]);
    expect(made.map(({ asked }) => asked)).toEqual([["finish", "skip 5"]]);
  });

  it("begin again with a new recogniser, behind what a repair took meanwhile", async () => {
    const { made, words, watermarks } = open();
    made[0]?.ends.resolve();
    await words.pause();
    await words.pause();
    words.skipTo(7);
    expect(watermarks.markOf(0)).toBe(7);
    expect(watermarks.overall).toBe(7);
    words.skipTo(3);
    expect(watermarks.overall).toBe(7);
    words.resume();
    words.resume();
    words.push(message(7));
    expect(made.map(({ asked }) => asked)).toEqual([["finish"], ["push 7"]]);
    expect(words.state).toBe("live");
  });

  it("may begin without a recogniser, and never get one after the end", async () => {
    const { made, words } = open(true);
    words.push(message(0));
    await words.flush();
    await words.pause();
    expect(words.state).toBe("waiting");
    await words.finish();
    words.resume();
    expect(made).toEqual([]);
    expect(words.state).toBe("ended");
  });
});
