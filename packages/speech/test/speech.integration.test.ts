import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { messageMs } from "@holdfast/contract";
import { transcribe } from "@holdfast/stt-client";
import { jfkMessages, startScriptedOpenAi, waitFor } from "@holdfast/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Heard,
  JFK_TEXT,
  listen,
  plain,
  type TestSpeech,
  TOKEN,
  testSpeech,
  textOf,
  wordEdits,
} from "./running-speech.ts";

const fixture = (name: string) => readFile(fileURLToPath(new URL(`../../../fixtures/${name}`, import.meta.url)));

/** Finals lie end to end from 0, and their lengths sum up to what was sent. */
function expectTiling(heard: Heard, totalMs: number): void {
  let at = 0;
  for (const { start, duration } of heard.finals()) {
    expect(start).toBeCloseTo(at, 6);
    at = start + duration;
  }
  expect(at).toBeCloseTo(totalMs / 1000, 3);
}

let speech: TestSpeech;
beforeAll(async () => {
  speech = await testSpeech();
});
afterAll(async () => {
  await speech[Symbol.asyncDispose]();
});

describe("a live stream", () => {
  it.each([
    ["opus", "opus", "opus", 1],
    ["opus_fs320", "opus_fs320", "opus", 1],
    ["pcm16", "pcm16", "linear16", 0],
    ["pcm8", "pcm8", "linear8", 1],
    ["pcm8-16bit", "pcm8", "linear16", 1],
    ["aac", "aac", "aac", 1],
    ["lc3_fs1030", "lc3_fs1030", "lc3", 1],
  ] as const)("of %s gives the words, on the sample's own clock", async (kind, codec, encoding, edits) => {
    const { messages, sampleRate } = await jfkMessages(kind);
    const heard = listen(speech.engine, { codec, encoding, sampleRate });
    let totalMs = 0;
    for (const message of messages) {
      expect(heard.stream.send(message)).toBe(true);
      totalMs += messageMs(codec, sampleRate, message, encoding === "linear16" ? "linear16" : "linear8");
    }
    await heard.stream.finish();
    expect(await heard.end).toEqual({ code: 1000, reason: "", error: undefined });
    expect(wordEdits(heard.text())).toBeLessThanOrEqual(edits);
    expectTiling(heard, totalMs);
    expect(heard.results.every((frame) => frame.is_final)).toBe(true);
  });

  it("in real time shows words before they are final, and each final at its end of speech", async () => {
    const { messages } = await jfkMessages("opus_fs320");
    const heard = listen(speech.engine, { codec: "opus_fs320", encoding: "opus", interim: true });
    const began = Date.now();
    for (const [i, message] of messages.slice(0, 275).entries()) {
      await waitFor("the next 20 ms", () => Date.now() - began >= i * 20);
      heard.stream.send(message);
    }
    await heard.stream.finish();
    const partials = heard.results.filter((frame) => !frame.is_final);
    expect(partials.length).toBeGreaterThan(0);
    expect(plain(textOf(partials[0] ?? heard.results[0] ?? expect.fail("no results")))).toMatch(/^and/);
    expect(plain(heard.text())).toMatch(/^and so my fellow americans/);
    // A partial belongs to the stretch that a later final closes.
    for (const { start } of partials)
      expect(heard.finals().some((final) => Math.abs(final.start - start) < 1e-6)).toBe(true);
    expect(heard.finals().some((frame) => frame.speech_final)).toBe(true);
  });

  it("answers Finalize with everything so far, also where there is nothing", async () => {
    const { messages } = await jfkMessages("pcm16");
    const heard = listen(speech.engine, { codec: "pcm16", encoding: "linear16" });
    const answers = () => heard.finals().filter((frame) => frame.from_finalize);
    heard.stream.finalize();
    await waitFor("the empty answer", () => answers().length === 1);
    // In the middle of "fellow".
    for (const message of messages.slice(0, 90)) heard.stream.send(message);
    heard.stream.finalize();
    const [, second] = await waitFor("the second answer", () => answers().length === 2 && answers());
    expect((second?.start ?? 0) + (second?.duration ?? 0)).toBeCloseTo(1.8, 6);
    for (const message of messages.slice(90)) heard.stream.send(message);
    await heard.stream.finish();
    expectTiling(heard, messages.length * 20);
    expect(wordEdits(heard.text())).toBeLessThanOrEqual(2);
  });

  it.each([
    ["silence", 1],
    ["noise", 2],
  ])("of %s has no words, and is closed at least every 6 s", async (kind) => {
    const samples = (await fixture(`wav/${kind}.wav`)).subarray(44);
    const heard = listen(speech.engine, { codec: "pcm16", encoding: "linear16" });
    for (let round = 0; round < 4; round++) {
      for (let at = 0; at < samples.length; at += 640)
        heard.stream.send(new Uint8Array(samples.subarray(at, at + 640)));
    }
    await heard.stream.finish();
    expect(heard.text()).toBe("");
    expectTiling(heard, (samples.length * 4) / 32);
    for (const { duration } of heard.finals()) expect(duration).toBeLessThan(6);
  });

  it("that goes on where another one broke off understands what follows as that one would have", async () => {
    const { messages, sampleRate } = await jfkMessages("opus");
    const messageLengthMs = messageMs("opus", sampleRate, messages[0] ?? new Uint8Array(), "linear8");
    const all = { codec: "opus", encoding: "opus", sampleRate } as const;
    // In the pause before "Ask not", where a stream without any past misses these words or hears others.
    for (const fromMs of [2_600, 2_800, 3_000, 3_200]) {
      const from = Math.round(fromMs / messageLengthMs);
      const heard = listen(speech.engine, all);
      heard.stream.context(messages.slice(from - 2_000 / messageLengthMs, from));
      for (const message of messages.slice(from)) heard.stream.send(message);
      await heard.stream.finish();
      expect(plain(heard.text())).toMatch(/^as(k)? not what your country can do for you ask what/);
      expectTiling(heard, (messages.length - from) * messageLengthMs);
    }
  });

  it("lives through fifty corrupt packets and keeps its clock", async () => {
    const { messages } = await jfkMessages("opus_fs320");
    const broken = messages.map((message, i) =>
      i % 10 === 4 ? message.map((byte, k) => (byte * 31 + k * 7 + i) % 256) : message,
    );
    const heard = listen(speech.engine, { codec: "opus_fs320", encoding: "opus" });
    let totalMs = 0;
    for (const message of broken) {
      heard.stream.send(message);
      totalMs += messageMs("opus_fs320", 16_000, message);
    }
    await heard.stream.finish();
    expect((await heard.end).error).toBeUndefined();
    expectTiling(heard, totalMs);
    expect(plain(heard.text()).split(" ").length).toBeGreaterThan(8);
  });

  it("passes over text frames it does not know", async () => {
    const socket = new WebSocket(`${speech.url.replace("http", "ws")}/v1/listen?encoding=linear16`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    } as unknown as string[]);
    const closed = new Promise<number>((resolve) => socket.addEventListener("close", ({ code }) => resolve(code)));
    await new Promise((resolve) => socket.addEventListener("open", resolve));
    for (const text of [
      '{"type":"Context"}',
      '{"type":"Context","messages":-1}',
      "{",
      "null",
      "[]",
      '{"type":"Unknown"}',
      '{"type":"KeepAlive"}',
      '{"type":"CloseStream"}',
    ])
      socket.send(text);
    expect(await closed).toBe(1000);
  });
});

describe("refusals", () => {
  const status = async (query: string, token: string | undefined = TOKEN): Promise<unknown> => {
    const engine = { ...speech.engine, streamUrl: undefined, streamKey: token };
    const url = `${speech.url.replace("http", "ws")}${query}`;
    const heard = listen({ ...engine, streamUrl: url }, { codec: "opus", encoding: "opus" });
    return (await heard.end).error?.code;
  };
  it("of a wrong token, an unknown route", async () => {
    expect(await status("/v1/listen", "wrong")).toBe("stt_unauthorized");
    expect(await status("/v1/nothing")).toBe("stt_refused");
  });

  it.each([
    ["no token", {}, 401],
    ["a wrong token", { authorization: "Bearer wrong" }, 401],
    ["no multipart", { authorization: `Bearer ${TOKEN}` }, 400],
  ])("of a recording with %s", async (_what, headers, code) => {
    const response = await fetch(`${speech.url}/v1/audio/transcriptions`, { method: "POST", headers });
    expect(response.status).toBe(code);
    expect(await response.json()).toEqual({ error: expect.objectContaining({ message: expect.any(String) }) });
  });

  it.each([
    ["empty", "bin/empty_opus_16000_1_fs160_1756000000.bin", "missing_file"],
    ["garbage", "bin/garbage_opus_16000_1_fs160_1756000000.bin", "unsupported_audio"],
  ])("of %s as a sound file, without harm", async (_what, name, code) => {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(await fixture(name))]), "a.wav");
    const response = await fetch(`${speech.url}/v1/audio/transcriptions`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: form,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code } });
  });
});

describe("a recording", () => {
  it("is transcribed exactly, with times, from WAV", async () => {
    const answer = await transcribe(speech.engine, new Uint8Array(await fixture("jfk.wav")));
    expect(plain(answer.text)).toBe(JFK_TEXT);
    expect(answer.durationSeconds).toBeCloseTo(11, 2);
    expect(answer.segments[0]?.start).toBeCloseTo(0.4, 0);
    expect(answer.segments.at(-1)?.end).toBeLessThanOrEqual(11);
  });

  it.each([
    ["sound/jfk.mp3", "text"],
    ["sound/jfk-stereo.m4a", "json"],
    ["sound/jfk.webm", "verbose_json"],
  ])("is transcribed from %s as %s", async (name, format) => {
    const form = new FormData();
    form.set("response_format", format);
    form.set("file", new Blob([new Uint8Array(await fixture(name))]), name);
    const response = await fetch(`${speech.url}/v1/audio/transcriptions`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}` },
      body: form,
    });
    const body = await response.text();
    expect(response.status).toBe(200);
    expect(wordEdits(format === "text" ? body : JSON.parse(body).text)).toBeLessThanOrEqual(1);
  });

  it("of noise has no words", async () => {
    const { text, segments } = await transcribe(speech.engine, new Uint8Array(await fixture("wav/noise.wav")));
    expect({ text, segments }).toEqual({ text: "", segments: [] });
  });
});

describe("an OpenAI-shaped engine behind the speech process", () => {
  it("gets one request for each utterance and its words come back on the stream", async () => {
    const remote = await startScriptedOpenAi((_request, count) => ({ body: { text: `utterance ${count}` } }));
    const setting = `openai+${remote.url}`;
    await using own = await testSpeech({ HOLDFAST_STT: setting, HOLDFAST_STT_KEY: "remote-key" });
    try {
      const engine = own.engines.find(({ id }) => id === setting) ?? expect.fail("not listed");
      const { messages } = await jfkMessages("pcm16");
      const heard = listen(engine, { codec: "pcm16", encoding: "linear16", interim: true });
      for (const message of messages) heard.stream.send(message);
      await heard.stream.finish();
      // Sent much faster than spoken, the requests are on their way at the same time and may overtake one another; one for an
      // utterance that then went on is given up.
      const told = heard.finals().map(textOf).filter(Boolean);
      const answers = remote.requests.map((_, i) => `utterance ${i + 1}`);
      expect(told.length).toBeGreaterThan(2);
      expect(new Set(told).size).toBe(told.length);
      expect(answers).toEqual(expect.arrayContaining(told));
      expect(remote.requests[0]).toMatchObject({
        authorization: "Bearer remote-key",
        path: "/v1/audio/transcriptions",
      });
      expectTiling(heard, messages.length * 20);
    } finally {
      await remote.close();
    }
  });

  it.each([
    [{ status: 401, body: {} }, "content"],
    [{ status: 429, body: {} }, "capacity"],
    [{ status: 500, body: {} }, "transport"],
  ])("that answers %o ends the stream as %s", async (answer, failure) => {
    const remote = await startScriptedOpenAi(() => answer);
    await using own = await testSpeech({ HOLDFAST_STT: `openai+${remote.url}` });
    try {
      const { messages } = await jfkMessages("pcm16");
      const heard = listen(own.engines[0] ?? expect.fail("none"), { codec: "pcm16", encoding: "linear16" });
      for (const message of messages) heard.stream.send(message);
      expect((await heard.end).error?.class).toBe(failure);
    } finally {
      await remote.close();
    }
  });
});
