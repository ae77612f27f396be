/** What consumers are given of a link, and what a slow or broken one cannot do to it. */
import { PUSHER, type Segment } from "@holdfast/contract";
import type { Clock } from "@holdfast/core";
import { systemClock } from "@holdfast/runtime";
import { waitFor } from "@holdfast/testkit";
import { describe, expect, it } from "vitest";
import type { AudioRun, LinkConsumers, LinkIdentity, TranscriptBatch } from "../../src/link/consumers.ts";
import { type Deliveries, openDeliveries } from "../../src/link/deliveries.ts";

const LINK: LinkIdentity = { link: 1, userId: "u1", codec: "pcm16", layout: "linear8", sampleRate: 16_000 };

interface Setup {
  readonly deliveries: Deliveries;
  readonly given: string[];
  readonly failures: string[];
  /** Lets the consumer finish what it was given; `error` makes it fail. */
  finish(error?: Error): void;
  wanted: boolean;
}

function setup(clock: Clock = systemClock): Setup {
  const given: string[] = [];
  const failures: string[] = [];
  let finishers: ((error?: Error) => void)[] = [];
  const slowly = (what: string): Promise<void> =>
    new Promise((resolve, reject) => {
      given.push(what);
      finishers.push((error) => (error === undefined ? resolve() : reject(error)));
    });
  const state = { wanted: true };
  const consumers: LinkConsumers = {
    opened: () => void given.push("opened"),
    wants: () => state.wanted,
    onTranscript: ({ conversationId }) => slowly(`words ${conversationId}`),
    onAudio: ({ startSeconds }) => slowly(`sound ${startSeconds}`),
    closed: async () => void given.push("closed"),
  };
  const deliveries = openDeliveries({
    link: LINK,
    consumers,
    clock,
    onFailure: (kind, error) => failures.push(`${kind}: ${error instanceof Error ? error.message : "?"}`),
  });
  return Object.assign(state, {
    deliveries,
    given,
    failures,
    finish(error?: Error) {
      const all = finishers;
      finishers = [];
      for (const finish of all) finish(error);
    },
  });
}

const batch = (conversationId: string): TranscriptBatch => ({ link: LINK, conversationId, segments: [] as Segment[] });
const run = (startSeconds: number, bytes = 2): AudioRun => ({
  link: LINK,
  conversationId: "c",
  startSeconds,
  payload: new Uint8Array(bytes),
});

describe("deliveries of a link", () => {
  it("come one at a time for each kind, in order", async () => {
    const { deliveries, given, finish } = setup();
    for (const id of ["a", "b"]) deliveries.transcript(batch(id));
    for (const start of [1, 2]) deliveries.audio(run(start));
    expect(given).toEqual(["opened", "words a", "sound 1"]);
    finish();
    await waitFor("the second of each", () => given.length === 5);
    expect(given.slice(3)).toEqual(["words b", "sound 2"]);
    finish();
    await deliveries.end();
    expect(given.at(-1)).toBe("closed");
  });

  it("begin anew after all was taken", async () => {
    const { deliveries, given, finish } = setup();
    for (let i = 0; i < 3; i += 1) {
      deliveries.transcript(batch(String(i)));
      await waitFor("it", () => given.includes(`words ${i}`));
      finish();
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  it("are nothing where nobody wants them", async () => {
    const all = setup();
    all.wanted = false;
    all.deliveries.transcript(batch("a"));
    all.deliveries.audio(run(1));
    await all.deliveries.end();
    expect(all.given).toEqual(["opened", "closed"]);
  });

  it("that fail cost that frame only", async () => {
    const { deliveries, given, failures, finish } = setup();
    deliveries.transcript(batch("a"));
    deliveries.transcript(batch("b"));
    finish(new Error("no"));
    await waitFor("the next", () => given.includes("words b"));
    expect(failures).toEqual(["transcript: no"]);
    finish();
    await deliveries.end();
  });

  it("wait for a slow consumer in bounds: 50 batches, 20 MiB of sound, the oldest go", async () => {
    const { deliveries, given, finish } = setup();
    for (let i = 0; i < 60; i += 1) deliveries.transcript(batch(String(i)));
    const mebibyte = 1024 * 1024;
    for (let i = 0; i < 25; i += 1) deliveries.audio(run(i, mebibyte));
    // One of each is with the consumer already.
    expect(deliveries.dropped).toEqual({ batches: 9, audioBytes: 4 * mebibyte });
    expect(PUSHER.maxQueuedAudioBytes).toBe(20 * mebibyte);
    const ended = deliveries.end();
    const drain = setInterval(finish, 1);
    await ended;
    clearInterval(drain);
    const words = given.filter((what) => what.startsWith("words"));
    expect([words.length, words[1], words.at(-1)]).toEqual([51, "words 10", "words 59"]);
    expect(given.filter((what) => what.startsWith("sound"))[1]).toBe("sound 5");
    expect(given.at(-1)).toBe("closed");
  });

  it("do not keep a link that ended for longer than half a minute", async () => {
    const deadlines: number[] = [];
    const clock: Clock = {
      ...systemClock,
      after(ms, call) {
        deadlines.push(ms);
        return systemClock.after(1, call);
      },
    };
    const { deliveries, given } = setup(clock);
    deliveries.transcript(batch("a"));
    deliveries.transcript(batch("b"));
    await deliveries.end();
    expect(deadlines).toEqual([30_000]);
    expect(given).toEqual(["opened", "words a", "closed"]);
  });
});
