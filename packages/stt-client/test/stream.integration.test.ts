import { parseConfig, type StreamResults } from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { fastClock, type ScriptedDeepgram, startScriptedDeepgram, waitFor } from "@holdfast/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStream, parseEngines, type StreamEnd, type SttEngine } from "../src/index.ts";

const OPTIONS = { codec: "pcm16", encoding: "linear16", sampleRate: 16_000, interim: true } as const;
/** Half a second of linear16. */
const HALF = new Uint8Array(16_000);

let server: ScriptedDeepgram;
beforeEach(async () => {
  server = await startScriptedDeepgram({ transcripts: ["one", "two", "three"], finalSeconds: 1 });
});
afterEach(async () => {
  await server.close();
});

function engineAt(url: string): SttEngine {
  const [engine] = parseEngines(parseConfig({ HOLDFAST_STT: `deepgram+${url}`, HOLDFAST_STT_KEY: "secret" }));
  return engine ?? expect.fail("no engine");
}

function start(engine = engineAt(server.url), clock = systemClock) {
  const results: StreamResults[] = [];
  const ends: StreamEnd[] = [];
  const { promise: ended, resolve } = Promise.withResolvers<StreamEnd>();
  const onEnd = (end: StreamEnd): void => {
    ends.push(end);
    resolve(end);
  };
  const stream = openStream(engine, OPTIONS, { onResults: (frame) => results.push(frame), onEnd }, { clock });
  return {
    stream,
    results,
    ends,
    ended,
    texts: () => results.map((frame) => frame.channel.alternatives[0]?.transcript),
  };
}

const connection = () => waitFor("a connection", () => server.connections[0]);

describe("a stream", () => {
  it("sends what was given to it before it was open, in order, and hears what comes back", async () => {
    const { stream, texts, ended } = start();
    for (let i = 0; i < 5; i++) expect(stream.send(HALF.fill(i))).toBe(true);
    expect(stream.bufferedBytes).toBe(5 * HALF.length);
    await stream.finish();
    const { audio, headers, controls } = await connection();
    expect(audio.map(([first]) => first)).toEqual([4, 4, 4, 4, 4]);
    expect(audio.length).toBe(5);
    expect(headers.authorization).toBe("Token secret");
    expect(controls).toEqual(["CloseStream"]);
    expect(texts()).toEqual(["one", "two", "three"]);
    expect(await ended).toEqual({ code: 1000, reason: "", error: undefined });
    expect(stream.send(HALF)).toBe(false);
  });

  it("writes together what is sent together: still a message each, in order, and counted as buffered until then", async () => {
    const opened = Promise.withResolvers<void>();
    const events = { onResults: () => {}, onEnd: () => {}, onOpen: () => opened.resolve() };
    const stream = openStream(engineAt(server.url), OPTIONS, events, { clock: systemClock });
    stream.together(() => stream.send(Uint8Array.of(0)));
    await opened.promise;
    expect(stream.bufferedBytes).toBe(0);
    stream.together(() => {
      for (let i = 1; i <= 3; i += 1) stream.send(Uint8Array.of(i));
      expect(stream.bufferedBytes).toBeGreaterThanOrEqual(3);
    });
    expect(() =>
      stream.together(() => {
        stream.send(Uint8Array.of(4));
        throw new Error("half way");
      }),
    ).toThrow("half way");
    await stream.finish();
    const { audio, controls } = await connection();
    expect(audio.map((message) => [...message])).toEqual([[0], [1], [2], [3], [4]]);
    expect(controls).toEqual(["CloseStream"]);
    expect(() => stream.together(() => expect(stream.send(Uint8Array.of(5))).toBe(false))).not.toThrow();
  });

  it("asks for everything so far with Finalize", async () => {
    const { stream, results } = start();
    stream.send(HALF);
    stream.finalize();
    const [answer] = await waitFor("the answer", () => results.length > 0 && results);
    expect(answer).toMatchObject({ from_finalize: true, is_final: true, duration: 0.5 });
    stream.abort();
  });

  it("passes over frames that it does not know, and counts those that it cannot read", async () => {
    const { stream, results } = start();
    const peer = await connection();
    for (const frame of ["{", "7", '{"no":"type"}', { type: "Results", start: "x" }, new Uint8Array(3)])
      peer.send(frame);
    for (const frame of [{ type: "Metadata" }, { type: "SpeechStarted", timestamp: 1 }]) peer.send(frame);
    peer.results({ start: 0, duration: 1, transcript: "after all that" });
    await waitFor("the result", () => results.length === 1);
    expect(stream.badFrames).toBe(5);
    stream.abort();
  });

  it("keeps itself alive while no sound comes", async () => {
    const { stream } = start(engineAt(server.url), fastClock(20));
    const peer = await connection();
    await waitFor("keep-alives", () => peer.controls.filter((type) => type === "KeepAlive").length >= 3);
    stream.abort();
  });

  it("takes no more than eight mebibytes that cannot be sent", async () => {
    const { stream } = start(engineAt("ws://127.0.0.1:1"));
    const mebibyte = new Uint8Array(1_048_576);
    const taken = Array.from({ length: 10 }, () => stream.send(mebibyte));
    expect(taken).toEqual([...new Array(8).fill(true), false, false]);
    stream.abort();
  });
});

describe("the end of a stream", () => {
  it.each([
    [401, undefined, { class: "auth", code: "stt_unauthorized", retryAfterMs: undefined }],
    [403, undefined, { class: "auth" }],
    [429, "7", { class: "throttle", retryAfterMs: 7_000 }],
    [503, "2", { class: "capacity", retryAfterMs: 2_000 }],
    [500, undefined, { class: "transport" }],
    [400, undefined, { class: "content" }],
  ])("by a handshake refused with %i", async (status, retryAfter, expected) => {
    server.refuse = retryAfter === undefined ? { status } : { status, retryAfter };
    const { ended, ends } = start();
    expect((await ended).error).toMatchObject(expected);
    expect(ends).toHaveLength(1);
  });

  it.each([
    [1000, "transport"],
    [1008, "content"],
    [1011, "transport"],
    [1013, "capacity"],
  ])("by close code %i that was not asked for", async (code, expected) => {
    const { ended, ends } = start();
    (await connection()).close(code, "because");
    expect(await ended).toMatchObject({ code, reason: "because", error: { class: expected } });
    expect(ends).toHaveLength(1);
  });

  it("by a server that is not there", async () => {
    const { ended } = start(engineAt("ws://127.0.0.1:1"));
    expect((await ended).error).toMatchObject({ class: "transport", code: "stt_unreachable" });
  });

  it("by a cut connection", async () => {
    const { ended } = start();
    (await connection()).cut();
    expect(await ended).toMatchObject({ code: 1006, error: { class: "transport" } });
  });

  it("by a server that no longer answers pings", async () => {
    const { ended } = start(engineAt(server.url), fastClock(20));
    (await connection()).hang();
    expect((await ended).error).toMatchObject({ class: "transport", code: "stt_timeout" });
  });

  it("by a server that never finishes", async () => {
    const { stream, ended } = start(engineAt(server.url), fastClock(50));
    const peer = await connection();
    peer.hang();
    await stream.finish();
    expect((await ended).error).toMatchObject({ code: "stt_timeout" });
  });

  it.each(["before it is open", "later"])("by our own wish %s is no error", async (when) => {
    const { stream, ended, ends } = start();
    if (when === "later") await connection();
    stream.abort();
    stream.abort();
    expect((await ended).error).toBeUndefined();
    expect(ends).toHaveLength(1);
    await stream.finish();
  });
});
