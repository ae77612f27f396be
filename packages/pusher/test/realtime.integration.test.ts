/**
 * What live links send to webhooks while somebody speaks: words and sound, in order, signed; dropped rather than late; and no
 * receiver in trouble keeps another link waiting. The consumers are given what a link would give them.
 */
import {
  type DecodableCodec,
  encodeAudio,
  encodeConversation,
  encodeTranscript,
  writeFrames,
} from "@holdfast/contract";
import { parseAddressRules, silentLog } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import { type Db, enableWebhook, liveConsumers, setWebhook, type WebhookType } from "@holdfast/store";
import {
  type FixtureCodec,
  jfkMessages,
  type Receiver,
  startReceiver,
  startTestServer,
  type TestServer,
  waitFor,
} from "@holdfast/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PusherEvent } from "../src/index.ts";
import type { LinkIdentity } from "../src/link/consumers.ts";
import { createRealtimeConsumers, type RealtimeConsumers } from "../src/realtime/consumers.ts";
import { createCircuits } from "../src/webhooks/circuit.ts";
import { createWebhookDesk } from "../src/webhooks/desk.ts";
import { createWebhookSender } from "../src/webhooks/sender.ts";
import { type Cleanup, cleanUp, link, pusher, USER } from "./harness.ts";
import { said } from "./said.ts";

const cleanup: Cleanup = [];
let server: TestServer;
let db: Db;
let receiver: Receiver;
let events: PusherEvent[];
let consumers: RealtimeConsumers;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  const database = await server.database();
  cleanup.push(() => database.db.destroy());
  db = database.db;
  receiver = await startReceiver();
  cleanup.push(() => receiver[Symbol.asyncDispose]());
  const rules = parseAddressRules("127.0.0.1");
  if (rules === undefined) throw new Error("not a list");
  const sender = createWebhookSender({ rules, clock: systemClock, timeoutMs: 300 });
  events = [];
  consumers = createRealtimeConsumers({
    ...{ db, clock: systemClock, random: systemRandom, log: silentLog },
    desk: createWebhookDesk(sender, createCircuits(systemClock)),
    onEvent: (event) => events.push(event),
  });
  cleanup.push(async () => {
    await consumers.close();
    sender.close();
  });
});
afterEach(async () => {
  await cleanUp(cleanup);
});

const hook = (type: WebhookType, over: { url?: string; everySeconds?: number; userId?: string } = {}) =>
  setWebhook(
    db,
    over.userId ?? USER,
    { type, url: over.url ?? receiver.url, everySeconds: over.everySeconds ?? null },
    Date.now(),
  );

async function open(
  over: Partial<LinkIdentity> = {},
  kind: "transcript" | "audio" = "transcript",
): Promise<LinkIdentity> {
  const link = { link: 1, userId: USER, codec: "pcm16", layout: "linear8", sampleRate: 16_000, ...over } as const;
  consumers.opened(link);
  await waitFor("the look-up", () => consumers.wants(link, kind));
  return link;
}

const words = (link: LinkIdentity, text: string) =>
  consumers.onTranscript({ link, conversationId: "c1", segments: said(text) });

describe("words", () => {
  it("are sent as they come, with their conversation", async () => {
    await hook("realtime_transcript");
    const opened = await open();
    await words(opened, "Hello there.");
    await words(opened, "And again.");
    expect(receiver.received.map(({ body }) => JSON.parse(body.toString()))).toMatchObject([
      { segments: [{ text: "Hello there." }], session_id: "c1" },
      { segments: [{ text: "And again." }], session_id: "c1" },
    ]);
    const [first, second] = receiver.received;
    expect(first?.query.get("uid")).toBe(USER);
    expect(first?.headers["x-holdfast-event"]).toBe("realtime_transcript");
    expect(first?.headers["x-holdfast-signature"]).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/);
    expect(first?.headers["x-holdfast-delivery"]).not.toBe(second?.headers["x-holdfast-delivery"]);
  });

  it("are tried three times under one id, and then dropped", async () => {
    await hook("realtime_transcript");
    receiver.script(500, 500, 500);
    const link = await open();
    await words(link, "Nobody hears this.");
    expect(new Set(receiver.received.map(({ headers }) => headers["x-holdfast-delivery"])).size).toBe(1);
    expect(receiver.received).toHaveLength(3);
    expect(events).toMatchObject([{ type: "webhook_failed", webhook: "realtime_transcript", status: 500 }]);
    await words(link, "Somebody hears this.");
    expect(events.at(-1)).toMatchObject({ type: "webhook_delivered" });
  });

  it("that are refused are not sent again", async () => {
    await hook("realtime_transcript");
    receiver.script(410);
    await words(await open(), "Unwanted.");
    expect(receiver.received).toHaveLength(1);
  });

  it("of one user are not late because of another's receiver, which is left alone after a while", async () => {
    const slow = await startReceiver();
    cleanup.push(() => slow[Symbol.asyncDispose]());
    slow.always("hang");
    await hook("realtime_transcript", { url: slow.url, userId: "u2" });
    await hook("realtime_transcript");
    const other = await open({ link: 2, userId: "u2" });
    const link = await open();
    const stuck = words(other, "one").then(() => words(other, "two"));
    const startedMs = Date.now();
    await words(link, "Quick.");
    expect(Date.now() - startedMs).toBeLessThan(250);
    await stuck;
    const asked = slow.received.length;
    expect(asked).toBe(5);
    await words(other, "three");
    expect(slow.received).toHaveLength(asked);
    expect(events.at(-1)).toMatchObject({ type: "webhook_failed", code: "webhook_paused" });
  });
});

describe("sound", () => {
  const send = async (link: LinkIdentity, payloads: readonly Uint8Array[]) => {
    for (const payload of payloads) {
      await consumers.onAudio({ link, conversationId: "c1", startSeconds: 0, payload });
    }
    await consumers.closed(link);
  };
  const heard = () => Buffer.concat(receiver.received.map(({ body }) => body));

  it("in 16-bit samples goes out as it came, in pieces of the length asked for", async () => {
    await hook("audio_bytes", { everySeconds: 2 });
    const { messages } = await jfkMessages("pcm16", 0);
    await send(await open({ sampleRate: 16_000 }, "audio"), messages);
    expect(heard().equals(Buffer.concat(messages))).toBe(true);
    expect(receiver.received.length).toBe(6);
    const [first] = receiver.received;
    expect(first?.body.length).toBeGreaterThan(64_000);
    expect(first?.body.length).toBeLessThanOrEqual(64_640);
    expect(first?.query.get("sample_rate")).toBe("16000");
    expect(first?.query.get("uid")).toBe(USER);
    expect(first?.headers["content-type"]).toBe("application/octet-stream");
  });

  it.each([
    ["opus", "opus", "linear8"],
    ["pcm8-16bit", "pcm8", "linear16"],
  ] as const)(
    "in %s is decoded to 16-bit samples of 16 kHz",
    async (fixture: FixtureCodec, codec: DecodableCodec, layout) => {
      await hook("audio_bytes", { everySeconds: 60 });
      const { messages, sampleRate, frameMs } = await jfkMessages(fixture, 0);
      const link = await open({ codec, layout, sampleRate }, "audio");
      const payloads = [writeFrames(messages.slice(0, 100)), writeFrames(messages.slice(100))];
      await send(link, payloads);
      expect(receiver.received).toHaveLength(1);
      expect(receiver.received[0]?.query.get("sample_rate")).toBe("16000");
      const pcm = heard();
      expect(Math.abs(pcm.length / 2 - messages.length * frameMs * 16)).toBeLessThanOrEqual(320);
      let energy = 0;
      for (let i = 0; i < pcm.length; i += 2) energy += (pcm.readInt16LE(i) / 32_768) ** 2;
      expect(energy / (pcm.length / 2)).toBeGreaterThan(0.001);
    },
  );
});

describe("what is wanted", () => {
  it("is what is switched on", async () => {
    expect(await liveConsumers(db, USER)).toEqual({ transcript: false, audio: false });
    await hook("realtime_transcript");
    expect(await liveConsumers(db, USER)).toEqual({ transcript: true, audio: false });
    await hook("audio_bytes");
    await enableWebhook(db, USER, "realtime_transcript", false, Date.now());
    expect(await liveConsumers(db, USER)).toEqual({ transcript: false, audio: true });
    const link = await open({}, "audio");
    expect(consumers.wants(link, "transcript")).toBe(false);
    await words(link, "Not sent.");
    expect(receiver.received).toHaveLength(0);
  });

  it("is nothing before it is known and after the link is gone", async () => {
    await hook("realtime_transcript");
    const link = await open();
    await consumers.closed(link);
    expect(consumers.wants(link, "transcript")).toBe(false);
  });
});

it("words and sound of a real link reach their webhooks", async () => {
  await hook("realtime_transcript");
  await hook("audio_bytes", { everySeconds: 1 });
  const { port } = await pusher(cleanup, db, { HOLDFAST_WEBHOOK_ALLOW_PRIVATE: "127.0.0.1" });
  const { socket, closed } = await link(cleanup, port);
  const { messages } = await jfkMessages("pcm16", 0);
  socket.send(encodeConversation("c1"));
  // Until the look-up is done nobody is known to want anything, and frames of that time are dropped.
  await waitFor("the first words", () => {
    socket.send(encodeTranscript({ segments: said("Hello."), memory_id: "c1" }));
    return receiver.received.some(({ headers }) => headers["x-holdfast-event"] === "realtime_transcript");
  });
  socket.send(encodeAudio(Date.now() / 1000, Buffer.concat(messages)));
  const sound = () => receiver.received.filter(({ headers }) => headers["x-holdfast-event"] === "audio_bytes");
  await waitFor("the sound", () => sound().length > 0);
  expect(Buffer.concat(sound().map(({ body }) => body)).equals(Buffer.concat(messages))).toBe(true);
  const words = receiver.received.find(({ headers }) => headers["x-holdfast-event"] === "realtime_transcript");
  expect(JSON.parse(words?.body.toString() ?? "")).toMatchObject({ session_id: "c1", segments: [{ text: "Hello." }] });
  socket.close();
  await closed;
});
