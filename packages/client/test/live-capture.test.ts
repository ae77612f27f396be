import { describe, expect, test } from "vitest";
import { ClientWorld } from "./world/client-world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

async function recording(options: { readonly silent?: boolean } = {}): Promise<ClientWorld> {
  const world = new ClientWorld(options);
  await world.record();
  await world.clock.advance(0);
  return world;
}

const statuses = ({ client }: ClientWorld): string[] =>
  [...(client?.log.recordings.values() ?? [])].map(
    ({ status, delivered, frames }) => `${status} ${delivered}/${frames}`,
  );

describe("while the link is well", () => {
  test("what is acknowledged is delivered, and nothing is uploaded", async () => {
    const world = await recording();
    for (let i = 0; i < 70; i++) {
      await world.speak(50);
      world.flush();
    }
    expect(statuses(world)).toEqual(["synced 3000/3000", "in_progress 500/500"]);
    expect(world.client?.sync.status).toMatchObject({ card: { state: "all_synced" }, capturing: 1 });
    expect(world.capture?.status).toMatchObject({ link: "open", unacknowledgedFrames: 0, acknowledges: true });
    const stopping = world.capture?.stop();
    await world.clock.advance(SECOND);
    await stopping;
    expect(statuses(world)).toEqual(["synced 3000/3000", "synced 500/500"]);
    await world.clock.advance(MINUTE);
    expect(world.uploadRequests).toBe(0);
    expect(world.missing).toEqual([]);
  });

  test("a sealed recording whose last second is not acknowledged yet is not uploaded", async () => {
    const world = await recording();
    for (let i = 0; i < 29; i++) {
      await world.speak(100);
      world.flush();
    }
    await world.speak(200);
    expect(statuses(world)).toEqual(["miss 2900/3000", "in_progress 0/100"]);
    const [id] = [...(world.client?.log.recordings.keys() ?? [])];
    expect(world.client?.sync.explain(id ?? "")).toMatchObject({ state: "waiting", next: "sends_live" });
    await world.clock.advance(MINUTE);
    expect(world.uploadRequests).toBe(0);
    world.flush();
    await world.clock.advance(0);
    expect(statuses(world)[0]).toBe("synced 3000/3000");
  });

  test("a capture that ends waits for the last acknowledgements, and for no longer than it should", async () => {
    const world = await recording();
    await world.speak(100);
    const stopping = world.capture?.stop(5 * SECOND);
    await world.clock.advance(SECOND);
    world.flush();
    await world.clock.advance(0);
    await stopping;
    expect(statuses(world)).toEqual(["synced 100/100"]);

    await world.record();
    await world.speak(100);
    const late = world.capture?.stop(5 * SECOND);
    await world.clock.advance(6 * SECOND);
    await late;
    await world.clock.advance(MINUTE);
    expect(world.uploadRequests).toBe(1);
    expect(world.missing).toEqual([]);
    expect([...world.live].length).toBe(100);
  });
});

describe("when the link breaks", () => {
  test("a short break is replayed, and nothing goes twice", async () => {
    const world = await recording();
    await world.speak(200);
    world.flush();
    world.link.refuse = true;
    for (const connection of world.script.open) world.script.drop(connection);
    await world.speak(1_000);
    world.link.refuse = false;
    await world.clock.advance(20 * SECOND);
    world.flush();
    await world.clock.advance(0);
    expect(world.live.size).toBe(1_200);
    expect(world.uploadRequests).toBe(0);
    expect(world.script.ledger.faults).toEqual([]);
  });

  test("a long one is handed over: that stretch goes by upload, live goes on in a session of its own", async () => {
    const world = await recording();
    await world.speak(100);
    world.flush();
    const first = world.capture?.sessionId;
    world.link.refuse = true;
    for (const connection of world.script.open) world.script.drop(connection);
    await world.speak(130 * 50);
    expect(world.client?.sync.status.counts.waiting).toBe(0);
    await world.clock.advance(30 * SECOND);
    expect(world.uploadRequests).toBeGreaterThan(0);
    const before = world.live.size;
    expect(before).toBe(100);
    world.link.refuse = false;
    await world.clock.advance(20 * SECOND);
    expect(world.capture?.sessionId).not.toBe(first);
    await world.speak(50);
    world.flush();
    await world.clock.advance(MINUTE);
    expect(world.missing).toEqual([]);
    expect(world.live.size).toBe(150);
    expect([...world.uploaded.values()].every((times) => times === 1)).toBe(true);
    expect(world.uploaded.size).toBe(130 * 50);
  });

  test("a server that never takes it again gets everything by upload", async () => {
    const world = await recording();
    await world.speak(100);
    for (const connection of world.script.open) world.script.drop(connection, 4004, "no");
    await world.speak(100);
    expect(world.capture?.status.link).toBe("ended");
    const stopping = world.capture?.stop();
    await world.clock.advance(20 * SECOND);
    await stopping;
    await world.clock.advance(MINUTE);
    expect(world.missing).toEqual([]);
    expect(world.live.size).toBe(0);
  });

  test("a refused sign-in that is renewed brings live sound back, in a session of its own", async () => {
    const world = await recording();
    await world.speak(100);
    world.flush();
    const first = world.capture?.sessionId;
    for (const connection of world.script.open) world.script.drop(connection, 4004, "login again");
    await world.speak(100);
    expect(world.capture?.status.link).toBe("ended");
    world.client?.signedIn();
    await world.speak(100);
    world.flush();
    await world.clock.advance(0);
    expect(world.capture?.sessionId).not.toBe(first);
    expect(world.capture?.status.link).toBe("open");
    const stopping = world.capture?.stop();
    await world.clock.advance(MINUTE);
    await stopping;
    expect([world.live.size, world.missing]).toEqual([200, []]);
    world.client?.signedIn();
  });

  test("a sign-in that is asked for before every connection is tried again after five minutes", async () => {
    const world = new ClientWorld({ token: () => "t" });
    await world.record();
    await world.speak(100);
    world.flush();
    for (const connection of world.script.open) world.script.drop(connection, 4004, "login again");
    await world.clock.advance(299 * SECOND);
    expect(world.capture?.status.link).toBe("ended");
    await world.clock.advance(2 * SECOND);
    await world.speak(50);
    expect(world.capture?.status.link).toBe("open");
    const stopping = world.capture?.stop();
    await world.clock.advance(MINUTE);
    await stopping;
    await world.clock.advance(0);
    expect(world.missing).toEqual([]);
  });

  test("after the end of the process everything that was written is uploaded", async () => {
    const world = await recording();
    await world.speak(100);
    world.flush();
    await world.speak(50);
    await world.kill();
    const client = await world.open();
    await world.clock.advance(MINUTE);
    expect(world.missing).toEqual([]);
    expect([...client.log.recordings.values()].map(({ status }) => status)).toEqual(["synced"]);
    // Acknowledgements that were not yet written cost a repeat, which the server knows.
    expect(world.uploaded.size).toBeGreaterThanOrEqual(50);
  });
});

describe("a server that acknowledges nothing", () => {
  test("gets every frame once over any number of connections, and everything is kept", async () => {
    const world = await recording({ silent: true });
    await world.speak(20 * 50);
    expect(world.capture?.status.acknowledges).toBe(false);
    for (const connection of world.script.open) world.script.ledger.flush(connection.audio);
    for (const connection of world.script.open) world.script.drop(connection);
    await world.clock.advance(20 * SECOND);
    expect(world.link.attempts.map(({ first }) => first)).toEqual([0, 1_000]);
    expect(world.client?.sync.status.capturing).toBe(1);
    expect(world.uploadRequests).toBe(0);
  });

  test("what the finished transcript covers is done; without one, everything is uploaded", async () => {
    for (const isCovered of [true, false]) {
      const world = await recording({ silent: true });
      const startedMs = world.clock.now();
      await world.speak(40 * 50);
      const stopping = world.capture?.stop();
      await world.clock.advance(SECOND);
      const [connection] = world.script.open;
      if (connection === undefined) throw new Error("no connection");
      if (isCovered) {
        world.script.say(connection, {
          type: "memory_created",
          memory: {
            ...{ id: "c", status: "completed", started_at: new Date(startedMs).toISOString() },
            transcript_segments: [{ id: "s", text: "words", start: 1, end: 39 }],
          },
          messages: [],
        });
      }
      await world.clock.advance(40 * SECOND);
      await stopping;
      await world.clock.advance(MINUTE);
      expect(world.uploadRequests).toBe(isCovered ? 0 : 1);
      expect(statuses(world)).toEqual(["synced 0/2000"]);
    }
  });
});

test("the words of a conversation and of the next know where they belong", async () => {
  const world = await recording();
  await world.speak(100);
  const [connection] = world.script.open;
  if (connection === undefined) throw new Error("no connection");
  const first = world.capture?.status.conversationId;
  world.script.say(connection, { type: "conversation_session", conversation_id: "next", status: "in_progress" });
  await world.clock.advance(0);
  await world.speak(100);
  const stopping = world.capture?.stop(0);
  await world.clock.advance(SECOND);
  await stopping;
  expect([...(world.client?.log.recordings.values() ?? [])].map(({ conversationId }) => conversationId)).toEqual([
    first,
    "next",
  ]);
});
