/** A recording over the real client: a log on a disk in memory, and a socket that the test plays. */
import { browserConnect, HoldfastClient, systemClock, systemRandom } from "@holdfast/client";
import { MemoryDisk } from "@holdfast/testkit/log";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCaptureLink } from "../src/capture/capture-link.ts";
import type { LiveLink, LiveLinkListener } from "../src/capture/live-link.ts";

class PlayedSocket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly bufferedAmount = 0;
  readonly sent: unknown[] = [];
  readonly url: URL;

  constructor(url: string) {
    this.url = new URL(url);
  }
  send(data: unknown): void {
    this.sent.push(data);
  }
  close(): void {
    this.onclose?.({ code: 1000, reason: "" });
  }
  say(...messages: object[]): void {
    for (const message of messages) this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const heard: unknown[][] = [];
const hear =
  (name: string) =>
  (...values: unknown[]): void => {
    heard.push([name, ...values]);
  };
const listener: LiveLinkListener = {
  onState: hear("state"),
  onTranscription: hear("transcription"),
  onSegments: hear("segments"),
  onSegmentsDeleted: hear("deleted"),
  onConversation: hear("conversation"),
  onSafe: hear("safe"),
  onStorage: hear("storage"),
};

let disk: MemoryDisk;
let client: HoldfastClient;
let link: LiveLink;
let sockets: PlayedSocket[];
let socket: PlayedSocket;

beforeEach(async () => {
  heard.length = 0;
  sockets = [];
  disk = new MemoryDisk();
  client = await HoldfastClient.open({
    ...{ store: await disk.open(), owner: "anna", reserveBytes: 0 },
    ...{ server: "http://localhost:8787", token: () => "hf_token", clock: systemClock, random: systemRandom },
    fetch: () => Promise.reject(new TypeError("away")),
    connect: browserConnect((url) => {
      const made = new PlayedSocket(url);
      sockets.push(made);
      return made;
    }),
  });
  link = await openCaptureLink(client, "opus_fs320", listener);
  socket = await expect
    .poll(() => sockets[0])
    .toBeDefined()
    .then(() => sockets[0] as PlayedSocket);
});
afterEach(async () => {
  await client.close();
});

function admit(): void {
  socket.onopen?.();
  socket.say({ type: "auth_response", success: true });
  // A server that acknowledges says so first.
  acknowledge(0);
}

function acknowledge(sequence: number): void {
  const recording_session_id = socket.url.searchParams.get("client_conversation_id");
  socket.say({ type: "audio_ack", recording_session_id, sequence });
}

const frame = (n: number): Uint8Array => new Uint8Array(40).fill(n).fill(0xb8, 0, 1);
const held = (): readonly string[] =>
  [...client.log.recordings.values()].map(({ status, delivered, frames }) => `${status} ${delivered}/${frames}`);

describe("the capture link", () => {
  it("opens the browser's route, with the token in the first message only, and keeps acknowledgements on", () => {
    const { pathname, searchParams } = socket.url;
    expect(pathname).toBe("/v4/web/listen");
    expect(Object.fromEntries(searchParams)).toMatchObject({
      ...{ codec: "opus_fs320", sample_rate: "16000", audio_ack: "enabled", source: "phone" },
    });
    socket.onopen?.();
    expect(socket.sent).toEqual([JSON.stringify({ type: "auth", token: "hf_token" })]);
    expect(socket.url.href).not.toContain("hf_token");
  });

  it("keeps what is said before it sends it, and counts what the server holds", async () => {
    link.send(frame(1));
    link.send(frame(2));
    await expect.poll(held).toEqual(["in_progress 0/2"]);
    expect(socket.sent).toEqual([]);
    admit();
    await expect.poll(() => socket.sent.length).toBe(3);
    acknowledge(2);
    await expect.poll(() => heard.at(-1)).toEqual(["safe", 2]);
    expect(heard).toContainEqual(["state", "live"]);
  });

  it("passes on what the recorder lives by", () => {
    admit();
    heard.length = 0;
    socket.say(
      { type: "service_status", status: "ready" },
      { type: "conversation_session", conversation_id: "c1", status: "in_progress" },
      { type: "service_status", status: "stt_recovering" },
      { type: "service_status", status: "stt_failed" },
      { type: "segments_deleted", segment_ids: ["a"] },
      { type: "conversation_session", conversation_id: "c1", status: "processing" },
    );
    expect(heard).toEqual([
      ["transcription", "ready"],
      ["conversation", "c1"],
      ["transcription", "recovering"],
      ["transcription", "failed"],
      ["deleted", ["a"]],
    ]);
  });

  it("writes into the log at once which conversation the sound belongs to", async () => {
    const belongsTo = (): readonly (string | null)[] =>
      [...client.log.recordings.values()].map(({ conversationId }) => conversationId);
    admit();
    link.send(frame(1));
    await expect.poll(belongsTo).toEqual([null]);
    socket.say({ type: "conversation_session", conversation_id: "c1", status: "in_progress" });
    await expect.poll(belongsTo).toEqual(["c1"]);
    socket.say({ type: "conversation_session", conversation_id: "c2", status: "in_progress" });
    await expect.poll(held).toEqual(["miss 0/1"]);
    link.send(frame(2));
    await expect.poll(belongsTo).toEqual(["c1", "c2"]);
  });

  it("that breaks is being made anew, not refused", () => {
    admit();
    heard.length = 0;
    socket.onclose?.({ code: 1006, reason: "" });
    expect(heard).toEqual([["state", "reconnecting"]]);
  });

  it("that is refused goes on keeping what is said", async () => {
    socket.onopen?.();
    socket.say({ type: "auth_response", success: false });
    socket.onclose?.({ code: 1008, reason: "" });
    expect(heard).toContainEqual(["state", "refused"]);
    link.send(frame(1));
    await expect.poll(held).toEqual(["in_progress 0/1"]);
    expect(await link.finish()).toBe(false);
    expect(held()).toEqual(["miss 0/1"]);
  });

  it("ends with everything at the server, or says that it has not everything", async () => {
    admit();
    link.send(frame(1));
    await expect.poll(() => socket.sent.length).toBe(2);
    const finishing = link.finish();
    acknowledge(1);
    expect(await finishing).toBe(true);
    expect(held()).toEqual(["synced 1/1"]);
  });

  it("says that the device takes nothing, and that it does again", async () => {
    disk.capacityBytes = 0;
    link.send(frame(1));
    await expect.poll(() => heard).toContainEqual(["storage", "stalled"]);
    disk.capacityBytes = Number.POSITIVE_INFINITY;
    await expect.poll(() => heard, { timeout: 5_000 }).toContainEqual(["storage", "fine"]);
    await expect.poll(held).toEqual(["in_progress 0/1"]);
  });

  it("is not begun where there is no room", async () => {
    const full = new MemoryDisk();
    full.knownFreeBytes = 10;
    await using other = await HoldfastClient.open({
      ...{ store: await full.open(), owner: "anna", server: "http://localhost", token: "t" },
      ...{ clock: systemClock, random: systemRandom, fetch: () => Promise.reject(new TypeError("away")) },
      connect: browserConnect((url) => new PlayedSocket(url)),
    });
    await expect(openCaptureLink(other, "pcm16", listener)).rejects.toMatchObject({ problem: "storage_full" });
  });

  it("takes no more once the recordings are closed, and says nothing about it", async () => {
    await client.close();
    expect(() => link.send(frame(1))).not.toThrow();
  });
});
