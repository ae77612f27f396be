/**
 * What becomes of recordings that belong to something: to a live conversation, to earlier uploads, to a clock that runs ahead.
 * On a real database and real codecs; the engine says what a test tells it to, or hears tones.
 */
import { parseRecordingName } from "@holdfast/contract";
import { createConversation, deleteConversation, findConversation } from "@holdfast/store";
import { type ScriptedOpenAi, startScriptedOpenAi, startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { beeps, binFile, type TestFile } from "./support/sounds.ts";
import { startToneEngine, type ToneEngine } from "./support/tone-engine.ts";
import { openWorld, T0, USER, type World } from "./support/world.ts";

let server: TestServer;
let world: World;
let tones: ToneEngine;
let scripted: ScriptedOpenAi;

beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  world = await openWorld(server);
  tones = await startToneEngine();
  scripted = await startScriptedOpenAi();
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await tones[Symbol.asyncDispose]();
  await scripted.close();
});

interface Line {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const line = (start: number, text: string): Line => ({ start, end: start + 2, text });
const hears = (...lines: readonly Line[]) => {
  scripted.answer = () => ({ body: { text: lines.map(({ text }) => text).join(" "), segments: lines } });
};
const tone = (hz: number, seconds = 4): Float32Array => beeps([{ at: 1, hz }], seconds);
const recorded = (hz: number, atSeconds: number) => binFile("pcm16", tone(hz), T0 + atSeconds * 1_000);
const words = async (): Promise<string[][]> => (await world.spoken()).map((conversation) => conversation.words);

describe("sound of a live conversation that comes again", () => {
  const HARBOUR = "The harbour lights went on at dusk.";
  const BOAT = "A boat came in without any noise.";
  const RED = "It was painted red all over.";

  /** Before the worker starts, which removes a conversation that it finds without words. */
  async function live(status: string, lines: readonly Line[]): Promise<void> {
    const row = {
      userId: USER,
      id: "live",
      origin: "live",
      source: "omi",
      language: "en",
      externalData: null,
    } as const;
    const client = {
      clientDeviceId: "ios_1",
      clientPlatform: "ios",
      recordingSessionId: "r1",
      silenceTimeoutMs: 120_000,
    };
    await createConversation(world.db, { ...row, ...client, startedAtMs: T0, nowMs: T0 });
    const finished_at = new Date(T0 + 60_000);
    await world.db.updateTable("conversations").set({ status, finished_at }).where("id", "=", "live").execute();
    for (const [n, { start, end, text }] of lines.entries()) {
      const own = { user_id: USER, conversation_id: "live", id: `s${n}`, start_s: start, end_s: end, text };
      const body = JSON.stringify({ id: own.id, text, start, end });
      await world.db
        .insertInto("segments")
        .values({ ...own, body })
        .execute();
    }
  }

  test.each([
    ["named by its id", { target_conversation_id: "live" }],
    ["named by its recording session", { target_recording_session_id: "r1" }],
  ])("%s: what it holds is there once, what it missed is added", async (_, target) => {
    await live("completed", [{ start: 0, end: 9, text: `${HARBOUR} ${BOAT}` }]);
    await world.start(scripted.url);
    hears(line(0.4, HARBOUR), line(5, BOAT), line(9.5, RED));
    const payload = { ...target, client_device_id: "ios_1", audio_start_seconds: 0, audio_end_seconds: 12 };
    const job = await world.ended(await world.upload([await binFile("pcm16", tone(500, 12), T0)], { payload }));
    expect(job).toMatchObject({ state: "completed", result: { new_memories: [], updated_memories: ["live"] } });
    expect(await words()).toEqual([[`${HARBOUR} ${BOAT}`, RED]]);
    expect(await findConversation(world.db, USER, "live")).toMatchObject({ status: "merging", origin: "live" });
  });

  test("a conversation to which nothing is added is not summarised anew", async () => {
    await live("completed", [line(0, HARBOUR), line(5, BOAT)]);
    await world.start(scripted.url);
    hears(line(3, HARBOUR), line(8, BOAT));
    const payload = { target_conversation_id: "live", client_device_id: "ios_1" };
    const job = await world.ended(await world.upload([await binFile("pcm16", tone(500, 12), T0)], { payload }));
    expect(job).toMatchObject({ state: "completed", result: { updated_memories: ["live"] } });
    expect(await findConversation(world.db, USER, "live")).toMatchObject({ status: "completed" });
  });
});

describe("conversations that grow together", () => {
  test("a recording between two makes one of them, and every job names what there is", async () => {
    await world.start(tones.url);
    const first = await world.ended(await world.upload([await recorded(400, 0)]));
    const last = await world.ended(await world.upload([await recorded(700, 200)]));
    expect(await words()).toEqual([["t400"], ["t700"]]);
    const between = await world.ended(await world.upload([await recorded(1_000, 100)]));
    expect(await words()).toEqual([["t400", "t1000", "t700"]]);
    expect(between.result).toMatchObject({ new_memories: [], updated_memories: first.result?.new_memories });
    expect(last.result?.new_memories).not.toEqual(first.result?.new_memories);
  });

  test("one batch in which the middle comes last is one conversation, new and nothing else", async () => {
    await world.start(tones.url);
    const files = [await recorded(400, 0), await recorded(700, 100), await recorded(1_000, 200)];
    const job = await world.ended(
      await world.upload([files[2], files[0], files[1]].filter((one) => one !== undefined)),
    );
    const [conversation, ...others] = await world.spoken();
    expect(others).toEqual([]);
    expect(job.result).toMatchObject({ new_memories: [conversation?.id], updated_memories: [] });
  });
});

describe("the same sound again", () => {
  const torn = (file: TestFile): TestFile => ({ ...file, bytes: file.bytes.subarray(0, file.bytes.length - 3) });

  test("after a partial failure costs nothing that was proven, and says the same", async () => {
    await world.start(tones.url);
    const files = [await recorded(400, 0), torn(await recorded(700, 900))];
    const first = await world.ended(await world.upload(files));
    expect(first).toMatchObject({ state: "partial_failure", progress: { dropped_bytes: 641, dropped_frames: 0 } });
    expect(first.progress?.frames).toBe(399);
    const { count } = tones.asked;
    const again = await world.ended(await world.upload(files));
    expect(again.id).not.toBe(first.id);
    expect(again).toMatchObject({
      state: "partial_failure",
      result: { new_memories: [], updated_memories: first.result?.new_memories, failed_segments: 1, total_segments: 3 },
    });
    expect(tones.asked.count).toBe(count);
    expect(await words()).toEqual([["t400"], ["t700"]]);
  });

  test("does not bring back what was deleted: acknowledged, without ids", async () => {
    await world.start(tones.url);
    const file = await recorded(400, 0);
    await world.ended(await world.upload([file]));
    const [conversation] = await world.spoken();
    await deleteConversation(world.db, USER, conversation?.id ?? "", { cascade: true, nowMs: T0 });
    const job = await world.ended(await world.upload([file, await recorded(700, 900)]));
    expect(job).toMatchObject({ state: "completed", result: { updated_memories: [], total_segments: 2 } });
    expect(job.result?.new_memories).toHaveLength(1);
    expect(await words()).toEqual([["t700"]]);
  });
});

describe("an engine that hears nothing", () => {
  const nothing = { body: { text: "", segments: [] } };

  test("is asked the same once more, and believed", async () => {
    scripted.answer = () => nothing;
    await world.start(scripted.url);
    const job = await world.ended(await world.upload([await recorded(400, 0)]));
    expect(job).toMatchObject({ state: "completed", result: { total_segments: 1, errors: [], new_memories: [] } });
    expect(scripted.requests).toHaveLength(2);
    expect(scripted.requests[0]?.file).toEqual(scripted.requests[1]?.file);
    expect(await words()).toEqual([]);
  });

  test("at first only: the words of the second answer count", async () => {
    scripted.answer = (_, count) =>
      count === 1 ? nothing : { body: { text: "Late words.", segments: [line(1, "Late words.")] } };
    await world.start(scripted.url);
    expect(await world.ended(await world.upload([await recorded(400, 0)]))).toMatchObject({ state: "completed" });
    expect(await words()).toEqual([["Late words."]]);
  });

  test("is not asked about a recording of nothing but zeros", async () => {
    await world.start(scripted.url);
    const job = await world.ended(await world.upload([await binFile("pcm16", new Float32Array(48_000), T0)]));
    expect(job).toMatchObject({ state: "completed", result: { total_segments: 1, new_memories: [] } });
    expect(scripted.requests).toEqual([]);
  });
});

describe("clocks", () => {
  test("a batch from the future is moved as a whole", async () => {
    await world.start(tones.url);
    const soon = Date.now() + 200_000;
    const files = [await binFile("pcm16", tone(400), soon), await binFile("pcm16", tone(700), soon - 60_000)];
    const job = await world.ended(await world.upload(files));
    expect(job.state).toBe("completed");
    const [conversation, ...others] = await world.spoken();
    expect(others).toEqual([]);
    expect(conversation?.words).toEqual(["t700", "t400"]);
    // The newest recording begins when the batch was accepted; its word a second later.
    expect(Math.abs((conversation?.startMs ?? 0) + 60_000 - job.createdMs - 1_000)).toBeLessThan(60);
    expect(conversation?.starts[1]).toBeCloseTo(60, 1);
  });

  test("two recordings that begin in the same second are both there", async () => {
    await world.start(tones.url);
    const one = await binFile("pcm16", beeps([{ at: 1, hz: 400 }], 4), T0);
    const two = await binFile("pcm16", beeps([{ at: 1, hz: 700 }], 4), T0);
    const job = await world.ended(await world.upload([one, { ...two, name: two.name.replace("test", "other") }]));
    expect(job).toMatchObject({ state: "completed", result: { total_segments: 2 } });
    expect((await words()).flat().sort()).toEqual(["t400", "t700"]);
  });

  test("a name in milliseconds, or with a fraction, is that time", async () => {
    await world.start(tones.url);
    const plain = await binFile("pcm16", tone(400), T0);
    for (const stamp of [`${T0 + 250}`, `${(T0 + 9e6) / 1000}.75`]) {
      const name = `audio_test_pcm16_16000_1_fs160_${stamp}.bin`;
      const capturedAtMs = parseRecordingName(name, Date.now()).startedAtMs;
      await world.ended(await world.upload([{ ...plain, name, capturedAtMs }]));
    }
    const starts = (await world.spoken()).map(({ startMs }) => startMs - T0);
    expect(Math.abs((starts[0] ?? 0) - 1_250)).toBeLessThan(30);
    expect(Math.abs((starts[1] ?? 0) - 9e6 - 1_750)).toBeLessThan(30);
  });
});

test("what is recorded for a user whose plan has run out is stored, and locked", async () => {
  await world.start(tones.url);
  const payload = { should_lock: true, geolocation: { latitude: 48, longitude: 11 } };
  const job = await world.ended(await world.upload([await recorded(400, 0)], { payload }));
  const [conversation] = await world.spoken();
  expect(job.result).toMatchObject({ new_memories: [conversation?.id] });
  expect(await findConversation(world.db, USER, conversation?.id ?? "")).toMatchObject({
    is_locked: true,
    geolocation: { latitude: 48, longitude: 11 },
  });
});
