/**
 * A client, a capture or an engine that is ended, and a recording that is removed, at the wrong moment. Nothing runs on
 * afterwards (no link, no timer, no listener), nobody waits for a server that says nothing, and no frame is lost.
 */
import { expect, test } from "vitest";
import { frameOf, OPUS } from "../log/recordings.ts";
import { accepted, completed, job, limited } from "../sync/scripted-server.ts";
import { HOUR, MINUTE, SECOND, stage } from "../sync/stage.ts";
import { ClientWorld } from "../world/client-world.ts";
import { drop, endOf, engineOver, recording } from "./trouble.ts";

test("a capture that begins while its client closes opens no link", async () => {
  const world = new ClientWorld();
  const client = await world.open();
  const beginning = client.capture({ ...OPUS });
  const closing = client.close();
  expect(await endOf(world, beginning, MINUTE)).not.toBe("still waiting");
  await closing;
  await world.clock.advance(0);
  expect(world.script.open).toEqual([]);
  expect(world.clock.pending).toBe(0);
});

test("closing does not wait for a server that acknowledges nothing", async () => {
  const { world, client } = await recording(new ClientWorld({ silent: true }));
  await world.speak(100);
  expect(await endOf(world, client.close(), 5 * SECOND)).toBe("resolved");
});

test("a recording that was uploaded after its capture can be removed", async () => {
  const world = new ClientWorld();
  world.link.refuse = true;
  const { client, capture } = await recording(world);
  await world.speak(100);
  const stopping = capture.stop(0);
  await world.clock.advance(SECOND);
  await stopping;
  await world.clock.advance(5 * MINUTE);
  const ids = [...client.log.recordings.keys()];
  expect(ids.length).toBe(1);
  expect(await endOf(world, client.sync.remove(ids), SECOND)).toBe("resolved");
  expect(client.log.recordings.size).toBe(0);
});

test("a capture that is stopped while live begins a session anew loses nothing", async () => {
  const { world, client, capture } = await recording();
  await world.speak(50);
  world.flush();
  world.link.refuse = true;
  drop(world);
  await world.speak(130 * 50);
  world.link.refuse = false;
  let stopping: Promise<void> | undefined;
  capture.on((event) => {
    if (event.type === "status" && event.status === "open") stopping ??= capture.stop(0);
  });
  world.capture = undefined;
  await world.clock.advance(30 * SECOND);
  expect(stopping).toBeDefined();
  await stopping;
  await world.clock.advance(10 * MINUTE);
  expect(world.missing).toEqual([]);
  expect(world.script.open).toEqual([]);
  expect(await endOf(world, client.close(), MINUTE)).toBe("resolved");
  expect(world.clock.pending).toBe(0);
});

test("two captures at once end at the server once each", async () => {
  const world = new ClientWorld();
  const client = await world.open();
  const even = await client.capture({ ...OPUS });
  const odd = await client.capture({ ...OPUS });
  for (let i = 0; i < 500; i++) {
    even.append(frameOf(2 * i));
    odd.append(frameOf(2 * i + 1));
    await world.clock.advance(20);
    if (i % 50 === 0) world.flush();
  }
  drop(world);
  await world.clock.advance(20 * SECOND);
  world.flush();
  const stopping = Promise.all([even.stop(0), odd.stop(0)]);
  await world.clock.advance(5 * SECOND);
  await stopping;
  await world.clock.advance(10 * MINUTE);
  const times = Array.from({ length: 1_000 }, (_, frame) => world.timesOf(frame));
  expect(times).toEqual(Array(1_000).fill(1));
});

test("an engine that was started twice or after its end listens to nothing once it is closed", async () => {
  const { engine, window, clock } = stage();
  engine.start();
  engine.start();
  await clock.advance(SECOND);
  await engine.close();
  expect(window.listeners).toBe(0);
  engine.start();
  expect([window.listeners, clock.pending]).toEqual([0, 0]);
});

test("no timer is left where the engine is closed during a question after fair use", async () => {
  let hangs = false;
  const set = stage(({ method, path }) => {
    if (!path.includes("fair-use")) return method === "POST" ? limited("fair_use", "60") : completed();
    return hangs ? new Promise(() => {}) : { status: 200, body: { stage: "restrict" } };
  });
  set.log.add("a");
  const engine = engineOver(set);
  engine.start();
  await set.clock.advance(SECOND);
  hangs = true;
  await set.clock.advance(80 * SECOND);
  expect(set.server.asked.length).toBeGreaterThan(0);
  await engine.close();
  await set.engine.close();
  expect(set.clock.pending).toBe(0);
});

test("a listener that subscribes anew hears an event once", () => {
  const { engine } = stage();
  let calls = 0;
  let off = engine.on(function again() {
    calls += 1;
    // Without the end, a test that fails would run for ever.
    if (calls > 1_000) return;
    off();
    off = engine.on(again);
  });
  engine.cancel();
  expect(calls).toBe(1);
});

test("what a person removed while it was read is not sent", async () => {
  const { log, engine, server, clock } = stage();
  log.add("a");
  const gate = Promise.withResolvers<void>();
  const content = log.content.bind(log);
  log.content = async (id) => {
    const bytes = await content(id);
    await gate.promise;
    return bytes;
  };
  engine.start();
  await clock.advance(0);
  await engine.remove(["a"]);
  gate.resolve();
  await clock.advance(SECOND);
  await engine.close();
  // Whoever was too late to remove it says so by keeping it.
  expect([log.recordings.size, server.uploads.length]).not.toEqual([0, 1]);
});

test("a recording that is removed while its job runs leaves no timer", async () => {
  const { log, engine, clock } = stage(({ method }) => (method === "POST" ? accepted("j") : job("queued")));
  log.add("a");
  engine.start();
  await clock.advance(SECOND);
  await engine.remove(["a"]);
  await clock.advance(HOUR);
  await engine.close();
  expect(clock.pending).toBe(0);
});
