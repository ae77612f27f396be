/**
 * A disk that takes nothing. Sound that was written stays safe, no promise goes unheard (each would end a program), live comes
 * back once there is room, and whoever stops or closes is not kept waiting for a disk that may never recover.
 */
import { expect, test } from "vitest";
import { HOUR, MINUTE, SECOND } from "../sync/stage.ts";
import { ClientWorld } from "../world/client-world.ts";
import { drop, endOf, lateWrites, recording, unhandled } from "./trouble.ts";

test("a new session that finds no room is begun once there is some", async () => {
  const { world, capture } = await recording();
  await world.speak(100);
  world.flush();
  world.link.refuse = true;
  drop(world);
  await world.speak(130 * 50);
  world.disk.knownFreeBytes = -1;
  world.link.refuse = false;
  const caught = await unhandled(() => world.clock.advance(20 * SECOND));
  world.disk.knownFreeBytes = undefined;
  for (let i = 0; i < 60; i++) {
    await world.clock.advance(10 * SECOND);
    world.flush();
  }
  expect(caught).toEqual([]);
  expect(capture.status.link).toBe("open");
});

test("a capture that is stopped while nothing can be written is over", async () => {
  const { world, client, capture } = await recording();
  await world.speak(100);
  world.disk.fail(["write"], true);
  await world.speak(10);
  expect(await endOf(world, capture.stop(0), MINUTE)).not.toBe("still waiting");
  world.disk.fail();
  await world.clock.advance(MINUTE);
  expect(await endOf(world, capture.stop(0), MINUTE)).not.toBe("still waiting");
  await world.clock.advance(10 * MINUTE);
  expect(capture.status.link).toBe("ended");
  expect(client.sync.status.capturing).toBe(0);
});

test("a client that is closed while nothing can be written gives the store back", async () => {
  const { world, client } = await recording();
  await world.speak(100);
  world.disk.fail(["write"], true);
  await world.speak(10);
  const caught = await unhandled(async () => {
    expect(await endOf(world, client.close(), MINUTE)).not.toBe("still waiting");
  });
  world.disk.fail();
  const next = await world.disk.open();
  await next.close();
  expect(caught).toEqual([]);
});

test("a conversation that begins while the disk is full is survived", async () => {
  const { world } = await recording();
  await world.speak(100);
  const caught = await unhandled(async () => {
    world.disk.fail(["write"], true);
    for (const connection of world.script.open) {
      world.script.say(connection, { type: "conversation_session", conversation_id: "next", status: "in_progress" });
    }
    await world.clock.advance(SECOND);
  });
  expect(caught).toEqual([]);
});

test("a network that comes back while the disk is full is survived", async () => {
  const { world, capture } = await recording();
  await world.speak(100);
  world.mood = "failing job";
  const stopping = capture.stop(0);
  await world.clock.advance(SECOND);
  await stopping;
  await world.clock.advance(2 * HOUR);
  world.window.set({ online: false });
  const caught = await unhandled(async () => {
    world.disk.fail(["write"], true);
    world.window.set({ online: true });
    await world.clock.advance(SECOND);
  });
  expect(caught).toEqual([]);
});

test("a disk that fills during a pass is survived", async () => {
  const world = new ClientWorld();
  world.link.refuse = true;
  const { client, capture } = await recording(world);
  await world.speak(100);
  const stopping = capture.stop(0);
  await world.clock.advance(0);
  const caught = await unhandled(async () => {
    world.disk.fail(["write"], true);
    client.sync.syncNow();
    await world.clock.advance(2 * SECOND);
  });
  world.disk.fail();
  await world.clock.advance(SECOND);
  await stopping;
  expect(caught).toEqual([]);
});

test("a client that was closed while the disk was full writes nothing once there is room", async () => {
  const world = new ClientWorld();
  const late = lateWrites(world.disk);
  const { client } = await recording(world);
  await world.speak(100);
  world.disk.fail(["write"], true);
  await world.speak(10);
  expect(await endOf(world, client.close(), MINUTE)).not.toBe("still waiting");
  world.disk.fail();
  await world.clock.advance(HOUR);
  expect(late).toEqual([]);
  expect(world.clock.pending).toBe(0);
});

test("what cannot be written down is not sent: nobody could keep what came of it", async () => {
  const world = new ClientWorld();
  world.link.refuse = true;
  const { client, capture } = await recording(world);
  await world.speak(100);
  const stopping = capture.stop(0);
  const off = client.sync.on((name) => {
    if (name === "local_upload_started") world.disk.fail(["write"], true);
  });
  await world.clock.advance(10 * SECOND);
  await stopping;
  expect(world.uploadRequests).toBe(0);
  off();
  world.disk.fail();
  await world.clock.advance(10 * MINUTE);
  expect([world.missing, world.broken, world.uploadRequests]).toEqual([[], [], 1]);
  await client.close();
});

test("a limit that could not be written down ends by itself", async () => {
  const world = new ClientWorld();
  world.link.refuse = true;
  const { client, capture } = await recording(world);
  await world.speak(100);
  world.mood = "fair use";
  const { broken } = world;
  const stopping = capture.stop(0);
  // The disk fills when the upload is on its way.
  const answer = world.server.answer.bind(world.server);
  world.server.answer = (process, url, init) => {
    if (url.includes("sync-local-files")) world.disk.fail(["write"], true);
    return answer(process, url, init);
  };
  await world.clock.advance(2 * SECOND);
  await stopping;
  expect(client.sync.status.limit).toMatchObject({ reason: "fair_use" });
  world.server.answer = answer;
  world.disk.fail();
  world.mood = "well";
  await world.clock.advance(11 * MINUTE);
  expect([world.missing, broken]).toEqual([[], []]);
  await client.close();
});
