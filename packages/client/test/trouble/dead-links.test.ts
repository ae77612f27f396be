/**
 * Links that open and deliver nothing, that refuse a message, or that acknowledge what they cannot have. Sound that does not
 * come through in the end goes by upload, nothing is let go that was never sent, and nothing is sent twice without need.
 */
import { expect, test } from "vitest";
import { LiveCapture } from "../../src/live/live-capture.ts";
import { OPUS } from "../log/recordings.ts";
import { fixedRandom } from "../manual-clock.ts";
import { HOUR, MINUTE, SECOND } from "../sync/stage.ts";
import { ClientWorld } from "../world/client-world.ts";
import { drop, ping, recording } from "./trouble.ts";

test("a link that opens and breaks without an acknowledgement for an hour is given up for upload", async () => {
  const { world } = await recording();
  for (let i = 0; i < 60; i++) {
    await world.speak(100);
    await world.clock.advance(58 * SECOND);
    ping(world);
    drop(world);
  }
  expect(world.uploadRequests).toBeGreaterThan(0);
});

test("a link that stays open and never acknowledges again is given up for upload", async () => {
  const { world } = await recording();
  for (let i = 0; i < 360; i++) {
    await world.speak(5);
    await world.clock.advance(9 * SECOND);
    ping(world);
  }
  expect(world.uploadRequests).toBeGreaterThan(0);
});

test("sound that was given up goes by upload also where no further frame comes", async () => {
  const { world } = await recording();
  await world.speak(50);
  world.flush();
  world.link.refuse = true;
  drop(world);
  await world.speak(30 * 50);
  await world.clock.advance(6 * HOUR);
  expect(world.missing).toEqual([]);
});

test("sound that was given up keeps its conversation", async () => {
  const { world, client, capture } = await recording();
  await world.speak(100);
  world.flush();
  const { conversationId } = capture.status;
  world.link.refuse = true;
  drop(world);
  await world.speak(130 * 50);
  world.link.refuse = false;
  await world.clock.advance(20 * SECOND);
  const [first] = client.log.recordings.values();
  expect(conversationId).not.toBeNull();
  expect(first?.conversationId).toBe(conversationId);
});

test("an acknowledgement of more than was sent frees nothing that was not sent", async () => {
  const { world, capture } = await recording();
  await world.speak(10);
  world.flush();
  world.link.bufferedAmount = 9e9;
  await world.speak(200);
  for (const connection of world.script.open) {
    const recording_session_id = capture.sessionId;
    world.script.say(connection, { type: "audio_ack", sequence: 1_000_000, recording_session_id });
  }
  const stopping = capture.stop(0);
  await world.clock.advance(SECOND);
  await stopping;
  await world.clock.advance(10 * MINUTE);
  expect(world.missing).toEqual([]);
});

test("acknowledgements of another session, backwards and after the end change nothing", async () => {
  const { world, capture } = await recording();
  await world.speak(100);
  const connection = world.link.newest();
  if (connection === undefined) throw new Error("there is no connection");
  const say = (sequence: number, recording_session_id = capture.sessionId): void =>
    world.script.say(connection, { type: "audio_ack", sequence, recording_session_id });
  say(100, "11111111-0000-4000-8000-000000000000");
  expect(capture.status.unacknowledgedFrames).toBe(100);
  const stopping = capture.stop(5 * SECOND);
  await world.clock.advance(0);
  world.script.ledger.flush(connection.audio);
  for (const sequence of [60, 10, 100]) say(sequence);
  await world.clock.advance(0);
  await stopping;
  await world.clock.advance(MINUTE);
  expect(world.missing).toEqual([]);
  expect(world.uploadRequests).toBe(0);
});

test("a transport that refuses a message costs no frame", async () => {
  const { world, capture } = await recording();
  await world.speak(10);
  world.flush();
  const hear = world.script.hear.bind(world.script);
  let refused = 0;
  world.script.hear = (connection, message) => {
    if (refused > 0) return hear(connection, message);
    refused += 1;
    throw new Error("the socket is closing");
  };
  await world.speak(200);
  world.flush();
  const stopping = capture.stop(SECOND);
  await world.clock.advance(2 * SECOND);
  await stopping;
  await world.clock.advance(10 * MINUTE);
  expect(refused).toBe(1);
  expect(world.kept.size).toBe(210);
  expect(world.missing).toEqual([]);
});

test("one refused token does not end live where a fresh one can be asked for", async () => {
  const world = new ClientWorld();
  const client = await world.open();
  let attempts = 0;
  const capture = await LiveCapture.begin({
    ...{ server: "http://server", token: async () => "fresh", facts: OPUS },
    ...{ clock: world.clock, random: fixedRandom(0.7), log: client.log, engine: client.sync },
    connect: (target, handlers) => {
      attempts += 1;
      if (attempts > 1) return world.link.connect(target, handlers);
      queueMicrotask(() => handlers.closed({ code: 1006, reason: "", httpStatus: 401 }));
      return { send: () => {}, close: () => {}, bufferedAmount: 0 };
    },
  });
  await world.clock.advance(5 * MINUTE);
  expect(capture.status.link).toBe("open");
});

test("an earlier conversation that a server without acknowledgements finished is not sent again", async () => {
  const { world, capture } = await recording(new ClientWorld({ silent: true }));
  const say = (message: Parameters<typeof world.script.say>[1]): void => {
    for (const connection of world.script.open) world.script.say(connection, message);
  };
  const finish = (id: string, startedAtMs: number): void => {
    const segment = { id: `segment-${id}`, text: "words", start: 1, end: 39 };
    const started_at = new Date(startedAtMs).toISOString();
    const memory = { id, status: "completed", started_at, transcript_segments: [segment] };
    say({ type: "memory_created", memory, messages: [] } as never);
  };
  const firstMs = world.clock.now();
  await world.speak(40 * 50);
  say({ type: "conversation_session", conversation_id: "two", status: "in_progress" });
  finish("one", firstMs);
  await world.clock.advance(0);
  const secondMs = world.clock.now();
  await world.speak(40 * 50);
  const stopping = capture.stop();
  await world.clock.advance(SECOND);
  finish("two", secondMs);
  await world.clock.advance(40 * SECOND);
  await stopping;
  await world.clock.advance(MINUTE);
  expect(world.uploadRequests).toBe(0);
});
