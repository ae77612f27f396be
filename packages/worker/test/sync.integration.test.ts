/** Offline uploads from job to conversation, on a real database and real codecs; the engine hears tones. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFrames } from "@holdfast/contract";
import { deleteJob, findConversation, listJobs, loadUploadFiles, uploadFolder } from "@holdfast/store";
import { fastClock, startTestServer, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Beep, type BinCodec, beeps, binFile, type TestFile, wavFile, words } from "./support/sounds.ts";
import { type Mood, startToneEngine, type ToneEngine } from "./support/tone-engine.ts";
import { openWorld, T0, USER, type World } from "./support/world.ts";

const SPEECH: readonly Beep[] = [
  { at: 1, hz: 400 },
  { at: 2.5, hz: 700 },
  { at: 4, hz: 1_000 },
];
const SPOKEN = beeps(SPEECH, 6);

let server: TestServer;
let world: World;
let engine: ToneEngine;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await openWorld(server);
  engine = await startToneEngine();
});
afterEach(async () => {
  engine.release();
  await world[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

const keptBytes = (jobId: string): boolean => existsSync(join(world.blobRoot, "objects", uploadFolder(jobId)));

describe("a recording becomes a conversation", () => {
  test.each<BinCodec>(["opus", "opus_fs320", "pcm16", "pcm8"])("%s", async (codec) => {
    await world.start(engine.url);
    const id = await world.upload([await binFile(codec, SPOKEN, T0)]);
    const job = await world.ended(id);
    expect(job).toMatchObject({ state: "completed", attempts: 0, reasonCode: null, stage: null });
    const [conversation, ...others] = await world.spoken();
    expect(others).toEqual([]);
    expect(conversation?.words).toEqual(words(SPEECH));
    expect(conversation?.startMs).toBeGreaterThan(T0 + 950);
    expect(conversation?.startMs).toBeLessThan(T0 + 1_050);
    expect(conversation?.starts[2]).toBeCloseTo(3, 1);
    expect(job.result).toEqual({
      new_memories: [conversation?.id],
      updated_memories: [],
      failed_segments: 0,
      total_segments: 1,
      errors: [],
    });
    expect(job.progress).toMatchObject({ total_segments: 1, processed_segments: 1, successful_segments: 1 });
    await waitFor("the bytes to go", () => !keptBytes(id));
    const next = await listJobs(world.db, { userId: USER, kinds: ["finalization"], limit: 5 });
    expect(next).toMatchObject([{ conversationId: conversation?.id, state: "queued" }]);
  });

  test("a sound file, at the time that is given with it", async () => {
    await world.start(engine.url);
    const id = await world.upload([wavFile("talk.wav", SPOKEN, null)], {
      kind: "sound",
      source: "external_integration",
      startedAtMs: T0,
      language: "en",
    });
    expect(await world.ended(id)).toMatchObject({ state: "completed" });
    const [conversation] = await world.spoken();
    expect(conversation?.words).toEqual(words(SPEECH));
    expect(Math.abs((conversation?.startMs ?? 0) - T0 - 1_000)).toBeLessThan(30);
    expect(await findConversation(world.db, USER, conversation?.id ?? "")).toMatchObject({
      source: "external_integration",
      language: "en",
      origin: "sync",
    });
    expect(engine.asked.languages).toEqual(["en"]);
  });

  test("two sound files of unknown time are two conversations, whatever the clock says", async () => {
    await world.start(engine.url);
    const other: Beep[] = [{ at: 1, hz: 1_500 }];
    const files = [wavFile("a.wav", SPOKEN, null), wavFile("b.wav", beeps(other, 6), null)];
    const id = await world.upload(files, { kind: "sound", startedAtMs: T0 });
    expect(await world.ended(id)).toMatchObject({ state: "completed" });
    expect((await world.spoken()).map((conversation) => conversation.words).sort()).toEqual(
      [words(other), words(SPEECH)].sort(),
    );
  });

  test("silence is completed without a conversation, and its bytes go", async () => {
    await world.start(engine.url);
    const id = await world.upload([await binFile("pcm16", new Float32Array(48_000), T0)]);
    const job = await world.ended(id);
    expect(job).toMatchObject({
      state: "completed",
      result: { new_memories: [], failed_segments: 0, total_segments: 1 },
    });
    expect(await world.spoken()).toEqual([]);
    await waitFor("the bytes to go", () => !keptBytes(id));
  });

  test("less than a second is heard too; less than a tenth is silence", async () => {
    await world.start(engine.url);
    const short = await world.upload([await binFile("pcm16", beeps([{ at: 0.05, hz: 800 }], 0.6), T0)]);
    expect(await world.ended(short)).toMatchObject({ state: "completed" });
    expect((await world.spoken()).map((conversation) => conversation.words)).toEqual([["t800"]]);
    const asked = engine.asked.count;
    const blink = await world.upload([await binFile("pcm16", new Float32Array(800).fill(0.3), T0 + 1e6)]);
    expect(await world.ended(blink)).toMatchObject({ state: "completed" });
    expect(engine.asked.count).toBe(asked);
  });

  test("a long one is cut into pieces in its pauses, and no word is lost or doubled", async () => {
    await world.start(engine.url);
    const list = Array.from({ length: 250 }, (_, i) => ({ at: i, hz: 300 + 100 * (i % 20) }));
    const id = await world.upload([await binFile("pcm8", beeps(list, 250), T0)]);
    const job = await world.ended(id, 60_000);
    expect(job).toMatchObject({ state: "completed", result: { total_segments: 3, failed_segments: 0 } });
    expect(engine.asked.count).toBe(3);
    const [conversation, ...others] = await world.spoken();
    expect(others).toEqual([]);
    expect(conversation?.words).toEqual(words(list));
    for (const [i, start] of (conversation?.starts ?? []).entries()) expect(Math.abs(start - i)).toBeLessThan(0.1);
  });
});

describe("which conversation", () => {
  /** Ends speaking 5 s after it began, whatever silence follows. */
  const talk = (hz: number): Float32Array =>
    beeps(
      [
        { at: 0, hz },
        { at: 4.5, hz },
      ],
      6,
    );

  test.each([
    ["119 s apart join", 119, 1],
    ["120 s apart split", 120.1, 2],
  ])("two recordings %s", async (_, gapSeconds, count) => {
    await world.start(engine.url);
    const first = await binFile("pcm16", talk(400), T0);
    const second = await binFile("pcm16", talk(700), T0 + (5 + gapSeconds) * 1_000);
    const job = await world.ended(await world.upload([first, second]));
    expect(job.state).toBe("completed");
    const spoken = await world.spoken();
    expect(spoken).toHaveLength(count);
    expect(spoken.flatMap((conversation) => conversation.words)).toEqual(["t400", "t400", "t700", "t700"]);
    expect(job.result?.new_memories).toHaveLength(count);
  });

  test("files of a batch are taken in capture order: one in the middle joins its neighbours", async () => {
    await world.start(engine.url);
    const at = (seconds: number, hz: number) => binFile("pcm16", talk(hz), T0 + seconds * 1_000);
    const id = await world.upload([await at(0, 400), await at(200, 1_000), await at(100, 700)]);
    expect(await world.ended(id)).toMatchObject({ state: "completed", result: { updated_memories: [] } });
    const spoken = await world.spoken();
    expect(spoken.map((conversation) => conversation.words)).toEqual([
      ["t400", "t400", "t700", "t700", "t1000", "t1000"],
    ]);
  });

  test("a later upload continues a conversation and says that it did", async () => {
    await world.start(engine.url);
    await world.ended(await world.upload([await binFile("pcm16", talk(400), T0)]));
    const [before] = await world.spoken();
    const job = await world.ended(await world.upload([await binFile("pcm16", talk(700), T0 + 60_000)]));
    expect(job.result).toMatchObject({ new_memories: [], updated_memories: [before?.id] });
    expect(await world.spoken()).toMatchObject([{ id: before?.id, words: ["t400", "t400", "t700", "t700"] }]);
  });

  test("the same content twice is the same job; within another batch it adds nothing", async () => {
    await world.start(engine.url);
    const file = await binFile("opus", SPOKEN, T0);
    const first = await world.upload([file]);
    await world.ended(first);
    expect(await world.upload([file])).toBe(first);
    const more = await binFile("opus", talk(1_400), T0 + 20_000);
    const job = await world.ended(await world.upload([file, more]));
    expect(job).toMatchObject({ state: "completed", result: { new_memories: [] } });
    expect(await world.spoken()).toMatchObject([{ words: [...words(SPEECH), "t1400", "t1400"] }]);
  });

  test("the same bytes at another time are another recording", async () => {
    await world.start(engine.url);
    const files = [await binFile("pcm16", SPOKEN, T0), await binFile("pcm16", SPOKEN, T0 + 30_000)];
    await world.ended(await world.upload(files));
    expect(await world.spoken()).toMatchObject([{ words: [...words(SPEECH), ...words(SPEECH)] }]);
  });
});

describe("bad files", () => {
  const bad = async (bytes: (good: TestFile) => Uint8Array, startedAtMs = T0 + 600_000): Promise<TestFile> => {
    const good = await binFile("pcm16", SPOKEN, startedAtMs);
    return { ...good, bytes: bytes(good) };
  };
  const noise = Uint8Array.from({ length: 4_096 }, (_, i) => (i * 7_919 + 13) % 251);

  test.each<[string, (good: TestFile) => Uint8Array, string]>([
    ["empty", () => new Uint8Array(0), "sync_invalid_audio"],
    ["garbage", () => noise, "sync_invalid_audio"],
    ["two bytes", () => Uint8Array.of(1, 2), "sync_invalid_audio"],
  ])("%s alone fails and keeps its bytes", async (_, bytes, code) => {
    await world.start(engine.url);
    const id = await world.upload([await bad(bytes)]);
    const job = await world.ended(id);
    expect(job).toMatchObject({
      state: "failed",
      reasonCode: code,
      attempts: 0,
      result: { failed_segments: 1, total_segments: 1, errors: [code], new_memories: [] },
    });
    expect(await world.spoken()).toEqual([]);
    expect(keptBytes(id)).toBe(true);
  });

  test.each<[string, (good: TestFile) => Uint8Array, string, string[]]>([
    [
      "torn in the middle",
      (good) => good.bytes.subarray(0, good.bytes.length / 2 - 10),
      "sync_truncated_file",
      ["t400", "t700"],
    ],
    [
      "nonsense behind the second word",
      (good) => {
        const bytes = good.bytes.slice();
        bytes.fill(255, 644 * 180);
        return bytes;
      },
      "sync_corrupt_file",
      ["t400", "t700"],
    ],
  ])("%s keeps what can be used and is never called completed", async (_, bytes, code, heard) => {
    await world.start(engine.url);
    const id = await world.upload([await bad(bytes)]);
    const job = await world.ended(id);
    expect(job).toMatchObject({ state: "partial_failure", result: { failed_segments: 1, errors: [code] } });
    expect((await world.spoken()).flatMap((conversation) => conversation.words)).toEqual(heard);
    expect(keptBytes(id)).toBe(true);
  });

  test("one among good ones costs nobody else anything", async () => {
    await world.start(engine.url);
    const files = [await binFile("pcm16", SPOKEN, T0), await bad(() => noise), await binFile("opus", SPOKEN, T0 + 9e6)];
    const job = await world.ended(await world.upload(files));
    expect(job).toMatchObject({
      state: "partial_failure",
      result: { total_segments: 3, failed_segments: 1, errors: ["sync_invalid_audio"] },
      progress: { file_errors: [{ file: 1, code: "sync_invalid_audio" }], done_files: 3 },
    });
    expect((await world.spoken()).map((conversation) => conversation.words)).toEqual([words(SPEECH), words(SPEECH)]);
  });

  test("Opus with broken packets: the rest is heard at its right time, and the loss is told", async () => {
    await world.start(engine.url);
    const good = await binFile("opus_fs320", SPOKEN, T0);
    const messages = splitFrames(good.bytes).map((frame, i) => (i < 40 ? tooLong(frame) : frame));
    const job = await world.ended(await world.upload([{ ...good, bytes: writeFrames(messages) }]));
    expect(job).toMatchObject({ state: "partial_failure", result: { errors: ["sync_bad_frames"] } });
    const [conversation] = await world.spoken();
    expect(conversation?.words).toEqual(words(SPEECH));
    expect(Math.abs((conversation?.startMs ?? 0) - T0 - 1_000)).toBeLessThan(60);
  });

  test.each([
    [
      "text under a sound's name",
      new TextEncoder().encode("these are only words ".repeat(99)),
      "sync_unsupported_audio",
    ],
    ["the head of a WAV and nothing more", wavFile("x", new Float32Array(9), T0).bytes.subarray(0, 40), /^sync_/],
  ])("%s", async (_, bytes, code) => {
    await world.start(engine.url);
    const id = await world.upload([{ name: "x.wav", bytes, capturedAtMs: T0 }], { kind: "sound" });
    const job = await world.ended(id);
    expect(job).toMatchObject({ state: "failed", reasonCode: "sync_invalid_audio" });
    expect(job.result?.errors).toEqual([expect.stringMatching(code)]);
  });

  test("bytes that are gone are said to be gone", async () => {
    const id = await world.upload([await binFile("pcm16", SPOKEN, T0)]);
    await world.blobs.removeAll(uploadFolder(id));
    await world.start(engine.url);
    expect(await world.ended(id)).toMatchObject({ state: "failed", reasonCode: "sync_staged_audio_expired" });
  });

  /** Keeps the first byte, which says how long it lasts, and is more than a packet may hold. */
  function tooLong(packet: Uint8Array): Uint8Array {
    return new Uint8Array(2_000).fill(packet[0] ?? 0);
  }

  function splitFrames(bytes: Uint8Array): Uint8Array[] {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const frames: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at, true)) {
      frames.push(bytes.subarray(at + 4, at + 4 + view.getUint32(at, true)));
    }
    return frames;
  }
});

describe("an engine with troubles", () => {
  test.each<[string, Mood]>([
    ["is busy", { status: 503, retryAfter: "1" }],
    ["asks for patience", { status: 429, retryAfter: "1" }],
    ["fails", { status: 500 }],
    ["breaks off", "break"],
    ["refuses the key", { status: 401 }],
  ])("one that %s costs time, not attempts", async (_, mood) => {
    engine.mood = (question) => (question < 2 ? mood : "hear");
    await world.start(engine.url, fastClock(5));
    const id = await world.upload([await binFile("pcm16", SPOKEN, T0)]);
    const waiting = await waitFor("the job to wait", async () => {
      const job = await world.job(id);
      return job.state === "queued" && job.tries > 0 ? job : undefined;
    });
    expect(waiting).toMatchObject({ attempts: 0, reasonCode: expect.stringMatching(/^stt_/) });
    expect(await world.ended(id)).toMatchObject({ state: "completed", attempts: 0, tries: 2 });
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });

  test("one that refuses a piece again and again loses that piece only, after the last attempt", async () => {
    const list = Array.from({ length: 130 }, (_, i) => ({ at: i, hz: 300 + 100 * (i % 20) }));
    const first = beeps(list, 130);
    engine.mood = () => ({ status: 422 });
    await world.start(engine.url, fastClock(5));
    const id = await world.upload([await binFile("pcm8", first, T0)]);
    await waitFor("four attempts", async () => (await world.job(id)).attempts >= 4, 60_000);
    let refused = false;
    engine.mood = () => {
      if (refused) return "hear";
      refused = true;
      return { status: 422 };
    };
    const job = await world.ended(id, 60_000);
    expect(job).toMatchObject({
      state: "partial_failure",
      result: { total_segments: 2, failed_segments: 1, errors: ["stt_invalid_input"] },
    });
    const heard = (await world.spoken()).flatMap((conversation) => conversation.words);
    expect(heard.length).toBeGreaterThan(9);
    expect(heard).toEqual(words(list).slice(-heard.length));
  });

  test("words that were stored before it went away are not asked for again", async () => {
    const list = Array.from({ length: 200 }, (_, i) => ({ at: i, hz: 300 + 100 * (i % 20) }));
    engine.mood = (question) => (question === 1 ? "break" : "hear");
    await world.start(engine.url, fastClock(5));
    const id = await world.upload([await binFile("pcm8", beeps(list, 200), T0)]);
    expect(await world.ended(id, 60_000)).toMatchObject({ state: "completed", result: { total_segments: 2 } });
    expect(engine.asked.count).toBe(3);
    expect(await world.spoken()).toMatchObject([{ words: words(list) }]);
  });
});

describe("handing over", () => {
  test("a worker that drains gives its job back at once, and the next one ends it", async () => {
    engine.mood = "wait";
    const first = await world.start(engine.url);
    const id = await world.upload([await binFile("pcm16", SPOKEN, T0)]);
    await waitFor("the question", () => engine.waiting() === 1);
    expect(await world.job(id)).toMatchObject({ state: "leased", stage: "decoding" });
    await first.drain();
    expect(await world.job(id)).toMatchObject({ state: "queued", attempts: 0, tries: 0 });
    engine.mood = "hear";
    engine.release();
    await world.start(engine.url);
    expect(await world.ended(id)).toMatchObject({ state: "completed" });
    expect(await world.spoken()).toMatchObject([{ words: words(SPEECH) }]);
  });

  test("a job that was deleted under the worker ends quietly", async () => {
    engine.mood = "wait";
    await world.start(engine.url);
    const id = await world.upload([await binFile("pcm16", SPOKEN, T0)]);
    await waitFor("the question", () => engine.waiting() === 1);
    await deleteJob(world.db, USER, id);
    engine.mood = "hear";
    engine.release();
    const next = await world.upload([await binFile("pcm16", SPOKEN, T0 + 1e6)]);
    expect(await world.ended(next)).toMatchObject({ state: "completed" });
    expect(await loadUploadFiles(world.db, USER, id)).toEqual([]);
    expect(await world.spoken()).toHaveLength(1);
  });
});
