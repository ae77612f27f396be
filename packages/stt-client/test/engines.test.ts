import { parseConfig } from "@holdfast/contract";
import { describe, expect, it } from "vitest";
import { parseEngines, type SttEngine, selectBatch, selectLive } from "../src/index.ts";
import { streamUrl } from "../src/stream-url.ts";

const engines = (env: Record<string, string>): readonly SttEngine[] => parseEngines(parseConfig(env));
const ids = (list: readonly SttEngine[]): string[] => list.map(({ id }) => id);

describe("HOLDFAST_STT", () => {
  it("is the embedded engine when nothing is said, reached at the port of our speech process", () => {
    const [engine, ...others] = engines({ HOLDFAST_INTERNAL_TOKEN: "t" });
    expect(others).toEqual([]);
    expect(engine).toMatchObject({
      kind: "embedded",
      streamUrl: "ws://127.0.0.1:8789/v1/listen",
      batchUrl: "http://127.0.0.1:8789/v1/audio/transcriptions",
      streamKey: "t",
      batchKey: "t",
    });
  });

  it("keeps the order that was written and adds the embedded engine at the end", () => {
    const setting = " openai+https://a.example , deepgram+wss://b.example,openai+https://a.example";
    expect(ids(engines({ HOLDFAST_STT: setting }))).toEqual([
      "openai+https://a.example",
      "deepgram+wss://b.example",
      "embedded",
    ]);
    expect(ids(engines({ HOLDFAST_STT: "embedded,deepgram+wss://b.example" }))).toEqual([
      "embedded",
      "deepgram+wss://b.example",
    ]);
  });

  it.each([
    ["deepgram+wss://h", "wss://h/v1/listen", undefined],
    ["deepgram+ws://h:1/v1/", "ws://h:1/v1/listen", undefined],
    ["deepgram+wss://h/eu/v1/listen", "wss://h/eu/v1/listen", undefined],
    ["openai+http://h:9", "ws://s/v1/listen", "http://h:9/v1/audio/transcriptions"],
    ["openai+https://h/v1", "ws://s/v1/listen", "https://h/v1/audio/transcriptions"],
    ["openai+https://h/x/v1/audio/transcriptions", "ws://s/v1/listen", "https://h/x/v1/audio/transcriptions"],
  ])("%s", (setting, stream, batch) => {
    const [engine] = engines({
      HOLDFAST_STT: setting,
      HOLDFAST_SPEECH_URL: "http://s",
      HOLDFAST_STT_KEY: "k",
      HOLDFAST_INTERNAL_TOKEN: "t",
    });
    expect(engine).toMatchObject({ streamUrl: stream, batchUrl: batch });
    // The key of a remote engine never goes to our own process, nor the other way round.
    expect(engine?.streamKey).toBe(setting.startsWith("deepgram") ? "k" : "t");
    expect(engine?.batchKey).toBe(setting.startsWith("deepgram") ? undefined : "k");
  });

  it.each(["whisper", "deepgram", "deepgram+https://h", "openai+wss://h", "openai+http://", "deepgram+wss://"])(
    "refuses %s by name",
    (setting) => {
      expect(() => engines({ HOLDFAST_STT: setting })).toThrow(expect.objectContaining({ code: "config_invalid" }));
      expect(() => engines({ HOLDFAST_STT: setting })).toThrow(setting);
    },
  );
});

describe("the choice of an engine", () => {
  const both = engines({ HOLDFAST_STT: "deepgram+wss://d,openai+https://o" });
  it.each([
    ["opus", "en", ["deepgram+wss://d", "openai+https://o", "embedded"]],
    ["linear8", "en", ["openai+https://o", "embedded"]],
    ["opus", "de", ["deepgram+wss://d", "openai+https://o", "embedded"]],
    ["opus", "multi", ["deepgram+wss://d", "openai+https://o", "embedded"]],
  ] as const)("for a stream of %s in %s", (encoding, language, expected) => {
    expect(ids(selectLive(both, encoding, language))).toEqual(expected);
  });

  it("moves an embedded engine that does not know the language behind the others, and never drops it", () => {
    const list = engines({ HOLDFAST_STT: "embedded,deepgram+wss://d" });
    expect(ids(selectLive(list, "opus", "en-GB"))).toEqual(["embedded", "deepgram+wss://d"]);
    expect(ids(selectLive(list, "opus", "fr"))).toEqual(["deepgram+wss://d", "embedded"]);
    expect(ids(selectLive(engines({}), "opus", "fr"))).toEqual(["embedded"]);
  });

  it("for a recording leaves out what has no batch route", () => {
    expect(ids(selectBatch(both))).toEqual(["openai+https://o", "embedded"]);
    expect(ids(selectBatch(engines({ HOLDFAST_STT: "deepgram+wss://d" })))).toEqual(["embedded"]);
  });
});

describe("the URL of a stream", () => {
  const options = {
    codec: "opus",
    encoding: "opus",
    sampleRate: 16_000,
    interim: true,
    language: "en",
    keywords: ["Omi", "Moonshine"],
  } as const;
  const query = (setting: string) => {
    const [engine] = engines({ HOLDFAST_STT: setting, HOLDFAST_STT_MODEL: "nova-3-general" });
    return new URL(streamUrl(engine ?? expect.fail("none"), options)).searchParams;
  };

  it("of Deepgram has only Deepgram's names", () => {
    const sent = query("deepgram+wss://d");
    expect(Object.fromEntries(sent)).toMatchObject({
      encoding: "opus",
      sample_rate: "16000",
      interim_results: "true",
      language: "en",
      model: "nova-3-general",
      endpointing: "300",
    });
    expect(sent.getAll("keyterm")).toEqual(["Omi", "Moonshine"]);
    expect(sent.has("codec")).toBe(false);
  });

  it("of our own process says the codec, and on whose behalf", () => {
    const sent = query("openai+https://o");
    expect(Object.fromEntries(sent)).toMatchObject({ codec: "opus", engine: "openai+https://o" });
    expect(sent.has("model") || sent.has("endpointing")).toBe(false);
  });
});
