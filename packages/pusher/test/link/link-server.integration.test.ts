/** The link server over real sockets, without a database: what consumers get, which frames break the rules, and who is let in. */
import { once } from "node:events";
import {
  decodePusherFrame,
  encodeAudio,
  encodeConversation,
  encodeProcess,
  encodeTranscript,
  type ProcessResult,
  type PusherFrame,
  writeFrames,
} from "@holdfast/contract";
import { systemClock } from "@holdfast/runtime";
import { waitFor } from "@holdfast/testkit";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import type { PusherEvent } from "../../src/index.ts";
import type { AudioRun, LinkConsumers, LinkIdentity, TranscriptBatch } from "../../src/link/consumers.ts";
import { startLinkServer } from "../../src/link/server.ts";
import { said } from "../said.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

interface Seen {
  readonly opened: LinkIdentity[];
  readonly words: TranscriptBatch[];
  readonly sound: AudioRun[];
  readonly closed: LinkIdentity[];
}

async function server(over: Partial<LinkConsumers> = {}) {
  const events: PusherEvent[] = [];
  const seen: Seen = { opened: [], words: [], sound: [], closed: [] };
  const answered: ProcessResult = { conversation_id: "c", success: true };
  const started = await startLinkServer({
    port: 0,
    host: "127.0.0.1",
    token: undefined,
    clock: systemClock,
    onEvent: (event) => events.push(event),
    tryLanguageModel: () => Promise.reject(new Error("nobody asks")),
    health: async () => ({ ok: true, body: {} }),
    process: async () => answered,
    requestSample: async () => true,
    consumers: {
      opened: (link) => void seen.opened.push(link),
      wants: () => true,
      onTranscript: async (batch) => void seen.words.push(batch),
      onAudio: async (run) => void seen.sound.push(run),
      closed: async (link) => void seen.closed.push(link),
      ...over,
    },
  });
  cleanup.push(() => started.close());
  const connect = async (
    query = "uid=u1&sample_rate=16000",
    onFrame: (frame: PusherFrame) => void = () => {},
  ): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${started.port}/v1/trigger/listen?${query}`);
    socket.on("message", (data: Buffer) => onFrame(decodePusherFrame(data)));
    cleanup.push(() => socket.terminate());
    await once(socket, "open");
    return socket;
  };
  return { ...started, connect, seen, events };
}

const bytes = (...list: number[]): Uint8Array => Uint8Array.from(list);

describe("the audio timeline", () => {
  it.each([
    ["uid=u1&sample_rate=16000&audio_timeline=2", [2]],
    ["uid=u1&sample_rate=16000&audio_timeline=v2", [2]],
    ["uid=u1&sample_rate=16000&audio_timeline=7", [2]],
    ["uid=u1&sample_rate=16000&audio_timeline=1", []],
    ["uid=u1&sample_rate=16000&audio_timeline=yes", []],
    ["uid=u1&sample_rate=16000", []],
  ])("%s is acknowledged with the version that is kept to, if any", async (query, versions) => {
    const { connect } = await server();
    const acked: PusherFrame[] = [];
    const socket = await connect(query, (frame) => acked.push(frame));
    socket.send(encodeProcess({ conversation_id: "c", language: "en", byok_keys: {} }));
    await expect.poll(() => acked.some(({ kind }) => kind === "result")).toBe(true);
    const answers = acked.filter((frame) => frame.kind === "timelineAck");
    expect(answers).toEqual(versions.map((version) => ({ kind: "timelineAck", version })));
    // The very first frame: nothing is sent to a gateway that still waits for it.
    expect(acked[0]?.kind).toBe(versions.length > 0 ? "timelineAck" : "result");
  });
});

describe("a link", () => {
  it("gives words and sound to the consumers, each with the conversation it belongs to", async () => {
    const { connect, seen } = await server();
    const socket = await connect();
    socket.send(encodeAudio(1, bytes(9, 9)));
    socket.send(encodeConversation("a"));
    socket.send(encodeAudio(2, bytes(1, 2)));
    socket.send(encodeTranscript({ segments: said("one"), memory_id: "b" }));
    socket.send(encodeTranscript({ segments: said("two"), memory_id: null }));
    // What a batch of words is about does not move the sound (reference 8.2 no. 17).
    socket.send(encodeAudio(3, bytes(3, 4)));
    socket.send(encodeConversation("b"));
    socket.send(encodeAudio(4, bytes(5, 6)));
    await waitFor("the last sound", () => seen.sound.length === 3);
    expect(seen.sound.map(({ conversationId, startSeconds }) => [conversationId, startSeconds])).toEqual([
      ["a", 2],
      ["a", 3],
      ["b", 4],
    ]);
    expect(seen.words.map(({ conversationId, segments }) => [conversationId, segments[0]?.text])).toEqual([
      ["b", "one"],
      [null, "two"],
    ]);
    const identity = { link: 1, userId: "u1", codec: "pcm16", layout: "linear8", sampleRate: 16_000, channels: 1 };
    expect(seen.opened).toEqual([identity]);
    socket.close(1000);
    await waitFor("the end", () => seen.closed.length === 1);
  });

  it("names the format of its sound", async () => {
    const { connect, seen } = await server();
    const socket = await connect("uid=u1&codec=pcm8&audio_layout=linear16");
    socket.send(encodeConversation("a"));
    const payload = writeFrames([bytes(1), bytes(2, 3)]);
    socket.send(encodeAudio(1, payload));
    await waitFor("the sound", () => seen.sound[0]);
    expect(seen.sound[0]?.link).toMatchObject({ codec: "pcm8", layout: "linear16", sampleRate: 8_000 });
    expect(Buffer.from(seen.sound[0]?.payload ?? [])).toEqual(Buffer.from(payload));
  });

  it.each(["codec=mp3", "codec=lc3", "codec=pcm8&audio_layout=odd", "sample_rate=7999", "sample_rate=48001"])(
    "with %s is refused before the upgrade",
    async (query) => {
      const { port } = await server();
      const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/trigger/listen?uid=u1&${query}`);
      const [error] = await once(socket, "error");
      expect(String(error)).toContain("400");
    },
  );

  it("counts frames that break the rules, and goes on", async () => {
    const { connect, seen, events } = await server();
    const socket = await connect("uid=u1&codec=opus");
    socket.send(encodeConversation("a"));
    for (const frame of [
      encodeAudio(Number.NaN, writeFrames([bytes(1)])),
      encodeAudio(1, bytes()),
      encodeAudio(1, bytes(200, 0, 0, 0, 1)),
      encodeConversation(""),
      encodeConversation("a\0b"),
      encodeConversation("x".repeat(257)),
      encodeTranscript({ segments: said("one"), memory_id: "" }),
    ]) {
      socket.send(frame);
    }
    socket.send(encodeAudio(1, writeFrames([bytes(1)])));
    await waitFor("the good sound", () => seen.sound.length === 1);
    expect(seen.sound[0]?.conversationId).toBe("a");
    socket.close(1000);
    const closed = await waitFor("the end", () => events.find(({ type }) => type === "link_closed"));
    expect(closed).toMatchObject({ invalidFrames: 7, frames: 9, audioBytes: 5, segments: 0 });
  });

  it("with half a sample is an invalid frame", async () => {
    const { connect, events } = await server();
    const socket = await connect();
    socket.send(encodeAudio(1, bytes(1, 2, 3)));
    socket.close(1000);
    const closed = await waitFor("the end", () => events.find(({ type }) => type === "link_closed"));
    expect(closed).toMatchObject({ invalidFrames: 1, audioBytes: 0 });
  });

  it("answers process requests while a consumer hangs, and the server ends all the same", async () => {
    const never = new Promise<void>(() => {});
    const { connect, close, seen, events } = await server({ onTranscript: () => never });
    const socket = await connect();
    for (let i = 0; i < 60; i += 1) socket.send(encodeTranscript({ segments: said("word"), memory_id: "a" }));
    const answer = once(socket, "message");
    socket.send(encodeProcess({ conversation_id: "c", language: "en", byok_keys: {} }));
    await answer;
    const startedMs = Date.now();
    await close();
    expect(Date.now() - startedMs).toBeLessThan(6_000);
    const closed = events.find(({ type }) => type === "link_closed");
    expect(closed).toMatchObject({ segments: 60, droppedBatches: 9 });
    expect(seen.closed).toEqual([]);
  });

  it("says which consumer failed", async () => {
    const { connect, events } = await server({ onAudio: async () => Promise.reject(new Error("disk full")) });
    const socket = await connect();
    socket.send(encodeConversation("a"));
    socket.send(encodeAudio(1, bytes(1, 2)));
    const failed = await waitFor("the failure", () => events.find(({ type }) => type === "link_consumer_failed"));
    expect(failed).toMatchObject({ kind: "audio", error: "disk full", link: 1 });
  });
});
