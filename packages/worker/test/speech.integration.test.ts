/** Real speech through the real speech process: every kind of file becomes the words that were said. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { jfkSamples, startRole, startTestServer, type TestRole, type TestServer, waitFor } from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { abandon, openLive, record } from "./support/live.ts";
import { binFile } from "./support/sounds.ts";
import { openWorld, T0, type World } from "./support/world.ts";

const FIXTURES = fileURLToPath(new URL("../../../fixtures/", import.meta.url));
const BIN_START = 1_756_000_000_000;

let folder: string;
let speech: TestRole;
let server: TestServer;
let world: World;

const settings = (port = 0) => ({
  HOLDFAST_DATA: folder,
  HOLDFAST_STT: "embedded",
  HOLDFAST_SPEECH_PORT: String(port),
  HOLDFAST_SPEECH_URL: "",
  HOLDFAST_INTERNAL_TOKEN: "",
});
const speechUrl = (): string => `http://127.0.0.1:${speech.port}`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-speech-"));
  server = await startTestServer();
  speech = await startRole("speech", settings());
});
afterAll(async () => {
  await speech.kill();
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach(async () => {
  world = await openWorld(server);
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
});

const fixture = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(join(FIXTURES, path)));

async function bin(name: string) {
  return { name, bytes: await fixture(`bin/${name}`), capturedAtMs: BIN_START };
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z ]/g, "")
    .replace(/\s+/g, " ")
    .trim();

async function said(): Promise<string[]> {
  return (await world.spoken()).map((conversation) => plain(conversation.words.join(" ")));
}

/** What everyone hears in it, whatever the punctuation; the first `ask` is quiet and lossy copies make `as` or `asked` of it. */
const WORDS =
  /my fellow americans.* (?:as|ask|asked) not what your country can do for you ask what you can do for your country/;

describe("recordings of devices", () => {
  test.each([
    "audio_fixture_opus_16000_1_fs160_1756000000.bin",
    "audio_fixture_opus_fs320_16000_1_fs320_1756000000.bin",
    "audio_fixture_pcm16_16000_1_fs160_1756000000.bin",
    "audio_fixture_pcm8_8000_1_fs80_1756000000.bin",
  ])("%s", async (name) => {
    await world.start(speechUrl());
    const job = await world.ended(await world.upload([await bin(name)]), 60_000);
    expect(job).toMatchObject({ state: "completed", result: { errors: [] } });
    const [conversation, ...others] = await world.spoken();
    expect(others).toEqual([]);
    expect(plain(conversation?.words.join(" ") ?? "")).toMatch(WORDS);
    expect(conversation?.startMs).toBeGreaterThanOrEqual(BIN_START);
    expect(conversation?.endMs).toBeLessThanOrEqual(BIN_START + 11_100);
  });

  test("a truncated one gives its first words and is a partial failure", async () => {
    await world.start(speechUrl());
    const id = await world.upload([await bin("truncated_opus_16000_1_fs320_1756000000.bin")]);
    const job = await world.ended(id, 60_000);
    expect(job).toMatchObject({ state: "partial_failure", result: { errors: ["sync_truncated_file"] } });
    expect((await said()).join(" ")).toMatch(/fellow americans/);
  });

  test("a corrupt one is never called completed", async () => {
    await world.start(speechUrl());
    const id = await world.upload([await bin("corrupt_opus_16000_1_fs320_1756000000.bin")]);
    const job = await world.ended(id, 60_000);
    expect(["partial_failure", "failed"]).toContain(job.state);
    expect(job.result?.errors).toEqual([expect.stringMatching(/^sync_(corrupt_file|bad_frames|truncated_file)$/)]);
  });

  test.each(["empty_opus_16000_1_fs160_1756000000.bin", "garbage_opus_16000_1_fs160_1756000000.bin"])(
    "%s fails for its content",
    async (name) => {
      await world.start(speechUrl());
      const job = await world.ended(await world.upload([await bin(name)]), 60_000);
      expect(job).toMatchObject({ state: "failed", reasonCode: "sync_invalid_audio" });
      expect(await said()).toEqual([]);
    },
  );
});

describe("sound files", () => {
  test.each([
    "jfk.wav",
    "wav/jfk-8000.wav",
    "sound/jfk.mp3",
    "sound/jfk-stereo.m4a",
    "sound/jfk.aac",
    "sound/jfk-opus.ogg",
    "sound/jfk-vorbis.ogg",
    "sound/jfk.webm",
    "sound/jfk.flac",
  ])("%s", async (path) => {
    await world.start(speechUrl());
    const file = { name: path.split("/").at(-1) ?? "", bytes: await fixture(path), capturedAtMs: T0 };
    const id = await world.upload([file], { kind: "sound", source: "external_integration", startedAtMs: T0 });
    expect(await world.ended(id, 60_000)).toMatchObject({ state: "completed" });
    expect(await said()).toEqual([expect.stringMatching(WORDS)]);
  });

  test.each(["wav/silence.wav", "wav/noise.wav"])("%s holds no words and is completed", async (path) => {
    await world.start(speechUrl());
    const id = await world.upload([{ name: "x.wav", bytes: await fixture(path), capturedAtMs: T0 }], { kind: "sound" });
    expect(await world.ended(id, 60_000)).toMatchObject({ state: "completed", result: { new_memories: [] } });
    expect(await said()).toEqual([]);
  });
});

test("speech that was heard live comes again as a recording: it is there once, and what live missed is added", async () => {
  const speech = await jfkSamples();
  const hold = await openLive(world.db, "live", "r1", "pcm16");
  await record(world.db, hold, "live", "pcm16", speech, { first: 0, ms: T0 });
  await abandon(world.db);
  // Not before: its sweep takes recordings over that nobody seems to hold.
  await world.start(speechUrl());
  const heard = await waitFor("the live words", async () => (await said())[0] || undefined, 60_000);
  expect(heard).toMatch(WORDS);
  // The same through another codec, cut elsewhere, by a clock that is 41 s ahead, and said once more half a minute later.
  const recorded = new Float32Array(45 * 16_000);
  recorded.set(speech, 6_000);
  recorded.set(speech, 30 * 16_000);
  const id = await world.upload([await binFile("opus_fs320", recorded, T0 + 41_000)], {
    payload: { target_conversation_id: "live" },
  });
  expect(await world.ended(id, 60_000)).toMatchObject({ state: "completed", result: { updated_memories: ["live"] } });
  const [text, ...others] = await said();
  expect(others).toEqual([]);
  expect(text?.match(/what you can do for your country/g)).toHaveLength(2);
  expect(text?.match(/fellow americans/g)).toHaveLength(2);
});

test("speech killed in the middle of a job: one correct transcript, and no attempt spent", async () => {
  await world.start(speechUrl());
  const file = await bin("audio_fixture_pcm16_16000_1_fs160_1756000000.bin");
  // Eleven seconds thirty times over: long enough to be hit in the middle.
  const bytes = Buffer.concat(Array.from({ length: 30 }, () => file.bytes));
  const id = await world.upload([{ ...file, bytes }]);
  await waitFor("the transcription", async () => (await world.job(id)).stage !== null, 30_000);
  const port = speech.port;
  await speech.kill();
  await waitFor("the job to wait", async () => {
    const job = await world.job(id);
    return job.state === "queued" && job.tries > 0;
  });
  speech = await startRole("speech", settings(port));
  const job = await world.ended(id, 100_000);
  expect(job).toMatchObject({ state: "completed", attempts: 0 });
  const [text, ...others] = await said();
  expect(others).toEqual([]);
  const heard = text?.match(/what you can do for your country/g)?.length ?? 0;
  expect(heard).toBeGreaterThanOrEqual(28);
  expect(heard).toBeLessThanOrEqual(30);
});
