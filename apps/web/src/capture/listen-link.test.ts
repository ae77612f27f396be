/** The live link over a socket that the test plays: what the server says becomes what the recorder hears. */
import type { Clock } from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openListenLink } from "./listen-link.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";

class PlayedSocket {
  static newest: PlayedSocket | undefined;
  onopen: (() => void) | null = null;
  onmessage: ((event: { readonly data: string }) => void) | null = null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null = null;
  readonly bufferedAmount = 0;
  readonly sent: unknown[] = [];
  readonly url: URL;

  constructor(url: string) {
    this.url = new URL(url);
    PlayedSocket.newest = this;
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

const stillClock: Clock = {
  now: () => 0,
  after: () => ({ cancel: () => {} }),
  every: () => ({ cancel: () => {} }),
};
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
  onRefused: hear("refused"),
};

let link: LiveLink;
let socket: PlayedSocket;

beforeEach(async () => {
  heard.length = 0;
  PlayedSocket.newest = undefined;
  vi.stubGlobal("WebSocket", PlayedSocket);
  link = openListenLink(
    {
      server: "http://localhost:8787",
      token: () => "hf_token",
      codec: "opus_fs320",
      clock: stillClock,
      random: { next: () => 0.5, uuid: () => "recording-1" },
    },
    listener,
  );
  socket = await vi.waitFor(() => {
    if (PlayedSocket.newest === undefined) throw new Error("no socket was made");
    return PlayedSocket.newest;
  });
});
afterEach(() => {
  link.close();
  vi.unstubAllGlobals();
});

function admit(): void {
  socket.onopen?.();
  socket.say({ type: "auth_response", success: true });
}

describe("the live link", () => {
  it("opens the browser's route, named after its recording, with the token in the first message only", () => {
    const { pathname, searchParams } = socket.url;
    expect(pathname).toBe("/v4/web/listen");
    expect(Object.fromEntries(searchParams)).toMatchObject({
      codec: "opus_fs320",
      sample_rate: "16000",
      audio_ack: "enabled",
      client_conversation_id: "recording-1",
    });
    socket.onopen?.();
    expect(socket.sent).toEqual([JSON.stringify({ type: "auth", token: "hf_token" })]);
    expect(socket.url.href).not.toContain("hf_token");
  });

  it("is live once the server has let it in, and sends then", () => {
    const message = new Uint8Array([1, 2, 3]);
    link.send(message);
    expect(socket.sent).toEqual([]);
    admit();
    expect(heard).toContainEqual(["state", "live"]);
    expect(socket.sent).toContainEqual(message);
  });

  it("passes on what the recorder lives by", () => {
    admit();
    heard.length = 0;
    socket.say(
      { type: "service_status", status: "ready" },
      { type: "conversation_session", conversation_id: "c1", status: "in_progress" },
      { type: "audio_ack", recording_session_id: "another", sequence: 9 },
      { type: "audio_ack", recording_session_id: "recording-1", sequence: 2 },
      { type: "service_status", status: "stt_recovering" },
      { type: "service_status", status: "stt_failed" },
      { type: "segments_deleted", segment_ids: ["a"] },
      { type: "conversation_session", conversation_id: "c1", status: "processing" },
    );
    expect(heard).toEqual([
      ["transcription", "ready"],
      ["conversation", "c1"],
      ["safe", 2],
      ["transcription", "recovering"],
      ["transcription", "failed"],
      ["deleted", ["a"]],
    ]);
  });

  it("that breaks is being made anew, not refused", () => {
    admit();
    heard.length = 0;
    socket.onclose?.({ code: 1006, reason: "" });
    expect(heard).toEqual([["state", "reconnecting"]]);
  });

  it("that is not let in is refused", () => {
    socket.onopen?.();
    socket.say({ type: "auth_response", success: false });
    socket.onclose?.({ code: 1008, reason: "" });
    expect(heard).toContainEqual(["refused"]);
  });
});
