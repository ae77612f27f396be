/**
 * What a socket that goes on with a conversation may join its words to: segments that are there already grow, unless words
 * that belong between may still come from a repair or from another recording. Found in a simulated world: "27" behind "31".
 */
import { ONLY_CHANNEL, parseListenQuery, writeFrames } from "@holdfast/contract";
import { silentLog, Watermarks } from "@holdfast/core";
import { systemClock, systemRandom } from "@holdfast/runtime";
import {
  appendChunk,
  bindRecording,
  type Db,
  findConversation,
  handOverGap,
  loadSegments,
  openRecording,
  type RecordingHold,
} from "@holdfast/store";
import { startTestServer, type TestServer } from "@holdfast/testkit";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Announcer } from "../../src/listen/announcer.ts";
import {
  type ConversationIdentity,
  type CurrentConversation,
  catchUp,
  prepareFirst,
  segmentOf,
  storeFinal,
} from "../../src/listen/current-conversation.ts";
import { ConversationKeeper } from "../../src/listen/keeper.ts";

const T0 = Date.UTC(2026, 0, 5, 9);
const LEASE_MS = 20_000;

let server: TestServer;
let db: Db;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});
beforeEach(async () => {
  ({ db } = await server.database());
  return async () => await db.destroy();
});

const who = (recordingSessionId: string): ConversationIdentity => ({
  userId: "u1",
  query: parseListenQuery(new URLSearchParams()),
  recordingSessionId,
  clientDeviceId: null,
  clientPlatform: null,
});

interface Socket {
  readonly hold: RecordingHold;
  readonly current: CurrentConversation;
}

/** A socket of this recording, as far as the conversation it writes to. */
async function connect(recordingId: string): Promise<Socket> {
  const { current } = await prepareFirst(db, systemRandom, who(recordingId), T0);
  const hold = await openRecording(db, {
    ...{ userId: "u1", id: recordingId, codec: "pcm16", sampleRate: 16_000, language: "en" },
    ...{ nowMs: T0, leaseMs: LEASE_MS },
  });
  expect(await bindRecording(db, hold, current.id, T0, LEASE_MS)).toBe("bound");
  return { hold, current: await catchUp(db, who(recordingId), hold, current) };
}

async function say({ hold, current }: Socket, text: string, atMs: number, channel = ONLY_CHANNEL): Promise<void> {
  const times = { startedAtMs: T0 + atMs, endedAtMs: T0 + atMs + 500 };
  const stretch = { text, isFinal: true, messages: 0, channel, speaker: 0, ...times };
  const stored = await storeFinal(db, hold, current, segmentOf(current, stretch, systemRandom.uuid(), "embedded"), {
    startedAtMs: times.startedAtMs,
    watermark: { transcribedMessages: hold.durableMessages, channelMarks: undefined },
    partials: [],
    nowMs: T0 + atMs,
  });
  expect(stored.outcome).toBe("stored");
}

async function hear({ hold, current }: Socket): Promise<void> {
  const part = {
    ...{ userId: "u1", sessionId: hold.id, epoch: hold.epoch, conversationId: current.id },
    ...{
      firstMessage: 0,
      messageCount: 1,
      durationMs: 100,
      capturedAtMs: T0,
      payload: writeFrames([new Uint8Array(2)]),
    },
    ...{ codec: "pcm16", sampleRate: 16_000, layout: "linear8", channels: 1 },
  };
  await appendChunk(db, part, { nowMs: T0, leaseMs: LEASE_MS });
}

const texts = async ({ current }: Socket): Promise<string[]> =>
  (await loadSegments(db, "u1", current.id)).map(({ text }) => text);

it("the next socket of the same recording goes on in the middle of the sentence", async () => {
  const first = await connect("r1");
  await say(first, "When I come", 0);
  const second = await connect("r1");
  await say(second, "home, call.", 1_000);
  expect(second.current.id).toBe(first.current.id);
  expect(await texts(second)).toEqual(["When I come home, call."]);
});

it("but not over a gap whose words are still to come", async () => {
  const first = await connect("r1");
  await say(first, "When I come", 0);
  await hear(first);
  await db.transaction().execute((trx) => handOverGap(trx, "u1", "r1", T0));
  const second = await connect("r1");
  await say(second, "call me.", 2_000);
  expect(second.current.id).toBe(first.current.id);
  expect(await texts(second)).toEqual(["When I come", "call me."]);
});

it("nor over sound that the session itself gives to repair", async () => {
  const socket = await connect("r1");
  const keeper = new ConversationKeeper({
    ...{ db, clock: systemClock, random: systemRandom, log: silentLog, who: who("r1"), leaseMs: LEASE_MS },
    ...{ hold: socket.hold, first: socket.current, provider: () => "embedded", onFenced: () => {} },
    announcer: new Announcer({
      ...{ db, who: who("r1"), link: () => undefined, completions: () => undefined },
      out: { event: () => {}, segments: () => {}, ping: () => {}, close: () => {} },
    }),
    watermarks: new Watermarks([ONLY_CHANNEL], 0, {}),
    speakers: { label: (segment) => segment, stored: () => {} },
  });
  const final = { isFinal: true, messages: 0, channel: ONLY_CHANNEL, speaker: 0 };
  await keeper.onStretch({ ...final, text: "When I come", startedAtMs: T0, endedAtMs: T0 + 500 });
  await hear(socket);
  await keeper.giveToRepair();
  await keeper.onStretch({ ...final, text: "call me.", startedAtMs: T0 + 1_000, endedAtMs: T0 + 1_500 });
  await keeper.onStretch({ ...final, text: "Soon.", startedAtMs: T0 + 1_600, endedAtMs: T0 + 2_000 });
  expect(await texts(socket)).toEqual(["When I come", "call me. Soon."]);
});

it("what was said first and understood last is where it was said, and all else behind it", async () => {
  const socket = await connect("r1");
  await say(socket, "Yes.", 5_000, 2);
  await say(socket, "Can you hear me?", 1_000, 1);
  await say(socket, "Well.", 6_000, 2);
  const stored = await loadSegments(db, "u1", socket.current.id);
  expect(stored.map(({ text, start, end }) => [text, start, end])).toEqual([
    ["Can you hear me?", 0, 0.5],
    ["Yes.", 4, 4.5],
    ["Well.", 5, 5.5],
  ]);
  expect((await findConversation(db, "u1", socket.current.id))?.started_at).toBe(T0 + 1_000);
});

it("and two recordings that live in one conversation never overwrite each other's words", async () => {
  const first = await connect("r1");
  await say(first, "When I come", 0);
  const second = await connect("r2");
  await say(second, "someone else speaks", 1_000);
  await say(first, "home, call.", 1_200);
  expect(second.current.id).toBe(first.current.id);
  expect((await texts(first)).join(" ")).toMatch(/home, call\./);
  expect((await texts(first)).join(" ")).toMatch(/someone else speaks/i);
});
