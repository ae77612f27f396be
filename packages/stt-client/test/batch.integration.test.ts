import { parseConfig } from "@holdfast/contract";
import { type ScriptedOpenAi, startScriptedOpenAi } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseEngines, type SttEngine, transcribe, transcribeAny } from "../src/index.ts";

/** Two seconds of silence: 44 bytes of header, of which only the byte rate is read here. */
const WAV = new Uint8Array(44 + 64_000);
new DataView(WAV.buffer).setUint32(28, 32_000, true);

let server: ScriptedOpenAi;
let engine: SttEngine;
const enginesFor = (...urls: string[]) =>
  parseEngines(
    parseConfig({
      HOLDFAST_STT: urls.map((url) => `openai+${url}`).join(","),
      HOLDFAST_STT_KEY: "secret",
      HOLDFAST_SPEECH_URL: "http://127.0.0.1:1",
    }),
  );
beforeEach(async () => {
  server = await startScriptedOpenAi();
  engine = enginesFor(server.url)[0] ?? expect.fail("no engine");
});
afterEach(async () => {
  await server.close();
});

describe("a recording", () => {
  it("is sent as OpenAI wants it", async () => {
    await transcribe(engine, WAV, { language: "en-GB" });
    const [request] = server.requests;
    expect(request).toMatchObject({
      path: "/v1/audio/transcriptions",
      authorization: "Bearer secret",
      fields: { model: "whisper-1", response_format: "verbose_json", language: "en" },
    });
    expect(Buffer.compare(request?.file ?? new Uint8Array(), WAV)).toBe(0);
  });

  it.each(["multi", "", undefined])("in language %s says no language", async (language) => {
    await transcribe(engine, WAV, { language });
    expect(server.requests[0]?.fields).not.toHaveProperty("language");
  });

  it("comes back in order of time, without empty segments", async () => {
    const segments = [
      { id: 1, start: 1, end: 2, text: " world " },
      { id: 2, start: 2, end: 2, text: " " },
      { id: 0, start: 0, end: 1, text: "hello" },
    ];
    server.answer = () => ({ body: { text: "hello world", language: "english", duration: 2, segments } });
    expect(await transcribe(engine, WAV)).toEqual({
      text: "hello world",
      language: "english",
      durationSeconds: 2,
      segments: [
        { start: 0, end: 1, text: "hello" },
        { start: 1, end: 2, text: "world" },
      ],
    });
  });

  it("of an engine without segments is one segment as long as the file", async () => {
    expect((await transcribe(engine, WAV)).segments).toEqual([{ start: 0, end: 2, text: "hello" }]);
    server.answer = () => ({ body: { text: " " } });
    expect((await transcribe(engine, WAV)).segments).toEqual([]);
  });
});

describe("a failure", () => {
  it.each([
    [401, {}, { class: "auth", scope: "service" }],
    [403, {}, { class: "auth" }],
    [408, {}, { class: "transport" }],
    [429, { "retry-after": "3" }, { class: "throttle", retryAfterMs: 3_000 }],
    [429, { "retry-after": "tomorrow" }, { class: "throttle", retryAfterMs: undefined }],
    [500, {}, { class: "transport" }],
    [503, { "retry-after": "0.5" }, { class: "capacity", retryAfterMs: 500 }],
    [400, {}, { class: "content", scope: "item" }],
    [413, {}, { class: "content" }],
  ])("by status %i", async (status, headers, expected) => {
    server.answer = () => ({ status, headers, body: { error: { message: "no" } } });
    await expect(transcribe(engine, WAV)).rejects.toMatchObject(expected);
  });

  it.each([["<html>"], ["[]"], ['{"no":"text"}'], ['{"text":"a","segments":[{"start":"x"}]}']])(
    "by nonsense: %s",
    async (body) => {
      server.answer = () => ({ body });
      await expect(transcribe(engine, WAV)).rejects.toMatchObject({ code: "stt_bad_answer", class: "content" });
    },
  );

  it("by a cut connection", async () => {
    server.answer = () => "cut";
    await expect(transcribe(engine, WAV)).rejects.toMatchObject({ code: "stt_unreachable", class: "transport" });
  });

  it("by silence, after the time that was given", async () => {
    server.answer = () => "hang";
    await expect(transcribe(engine, WAV, { timeoutMs: 100 })).rejects.toMatchObject({
      code: "stt_timeout",
      class: "transport",
    });
  });

  it("is not what an abort is: it rejects with the reason of the signal", async () => {
    server.answer = () => "hang";
    const gone = new AbortController();
    const request = transcribe(engine, WAV, { signal: gone.signal });
    gone.abort(new Error("lease lost"));
    await expect(request).rejects.toThrow("lease lost");
  });
});

describe("several engines", () => {
  it("are asked in order until one answers", async () => {
    const second = await startScriptedOpenAi();
    try {
      server.answer = () => ({ status: 503, body: {} });
      const engines = enginesFor(server.url, second.url);
      expect(await transcribeAny(engines, WAV)).toMatchObject({
        text: "hello",
        engine: { id: `openai+${second.url}` },
      });
      expect(server.requests).toHaveLength(1);
    } finally {
      await second.close();
    }
  });

  it("are not asked for a recording that one has refused", async () => {
    server.answer = () => ({ status: 400, body: {} });
    await expect(transcribeAny(enginesFor(server.url), WAV)).rejects.toMatchObject({ code: "stt_refused" });
    expect(server.requests).toHaveLength(1);
  });

  it("that all fail leave the last failure", async () => {
    server.answer = () => ({ status: 429, body: {} });
    // The embedded engine, last, is not running.
    await expect(transcribeAny(enginesFor(server.url), WAV)).rejects.toMatchObject({ code: "stt_unreachable" });
    await expect(transcribeAny([], WAV)).rejects.toMatchObject({ code: "stt_none" });
  });
});
