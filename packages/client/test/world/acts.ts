/**
 * What happens to a client in a model: acts of the person, the process, the disk, the network and the server, how the world
 * performs each, how everything becomes well again, and what holds at any moment.
 */
import { MAX_AUTOMATIC_ATTEMPTS } from "@holdfast/core";
import { expect } from "vitest";
import { isHoldfastError } from "../../src/index.ts";
import type { ClientWorld } from "./client-world.ts";
import type { UploadMood } from "./upload-server.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

export type Act =
  | { readonly do: "speak"; readonly frames: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "mood"; readonly mood: UploadMood }
  | { readonly do: "die"; readonly change: number; readonly torn: number }
  /** The disk takes so many bytes more. */
  | { readonly do: "fill"; readonly room: number }
  /** The link comes and goes. */
  | { readonly do: "flap"; readonly times: number; readonly everyMs: number }
  /** Capture is stopped, and the next begins before the last acknowledgements came. */
  | { readonly do: "stop and begin"; readonly drainMs: number }
  | { readonly do: PlainAct };

export type PlainAct =
  | "flush"
  | "flush unheard"
  | "drop"
  | "refuse"
  | "hang"
  | "swallow"
  | "heal"
  | "stop"
  | "stop twice"
  | "sync and close"
  | "token runs out"
  | "token is renewed"
  | "kill"
  | "blink";

/** A program that finds no room to open its log, or to record, tries again later. */
export async function begin(world: ClientWorld): Promise<void> {
  const { death } = world.disk;
  try {
    await Promise.race([world.record(), death]);
  } catch (error) {
    if (!world.isFull || !isHoldfastError(error) || error.code !== "storage_full") throw error;
  }
}

export async function perform(world: ClientWorld, act: Act): Promise<void> {
  const { link, script, clock, window } = world;
  switch (act.do) {
    case "speak":
      return await world.speak(act.frames);
    case "wait":
      return await clock.advance(act.ms);
    case "mood":
      world.mood = act.mood;
      return;
    case "die":
      world.disk.dieAt(act.change, act.torn);
      return await world.speak(20);
    case "fill":
      world.room = act.room;
      return await world.speak(20);
    case "flap":
      for (let i = 0; i < act.times; i++) {
        link.refuse = true;
        for (const connection of script.open) script.drop(connection);
        await clock.advance(act.everyMs);
        link.refuse = false;
        await clock.advance(act.everyMs);
      }
      return;
    case "flush":
      world.flush();
      return await clock.advance(0);
    case "flush unheard":
      for (const { audio } of script.open) script.ledger.flush(audio);
      for (const connection of script.open) script.drop(connection);
      return await clock.advance(SECOND);
    case "drop":
      for (const connection of script.open) script.drop(connection);
      return await clock.advance(SECOND);
    case "refuse":
    case "hang":
    case "swallow":
      link[act.do] = true;
      return;
    case "heal":
      for (const fault of ["refuse", "hang", "swallow"] as const) link[fault] = false;
      world.mood = "well";
      world.room = Number.POSITIVE_INFINITY;
      world.givenToken = world.server.validToken;
      return;
    case "stop":
      world.stop(undefined);
      return await clock.advance(45 * SECOND);
    case "stop twice":
      world.stop(undefined, 0);
      return await clock.advance(SECOND);
    case "stop and begin":
      world.stop(act.drainMs);
      return;
    case "sync and close":
      world.client?.sync.syncNow();
      return await world.close();
    case "token runs out":
      world.server.validToken = `${world.server.validToken}+`;
      return;
    case "token is renewed":
      world.givenToken = world.server.validToken;
      return;
    case "kill":
      return await world.kill();
    case "blink":
      window.set({ online: false });
      await clock.advance(SECOND);
      return window.set({ online: true });
    default:
      return act satisfies never;
  }
}

/** Everything is well again, a person asks for what gave up, and the program comes to its end. */
export async function recover(world: ClientWorld): Promise<void> {
  const { clock, disk } = world;
  disk.dieAt(Number.POSITIVE_INFINITY);
  // A write that takes the process with it may be under way.
  await clock.advance(0);
  if (world.isDead) await world.kill();
  await perform(world, { do: "heal" });
  if (world.client === undefined) await begin(world);
  // A connection that was swallowed stays dead until its silence is noticed.
  for (let i = 0; i < 10; i++) {
    await clock.advance(10 * SECOND);
    world.flush();
  }
  await clock.advance(5 * MINUTE);
  world.flush();
  await perform(world, { do: "stop" });
  const client = world.client ?? (await world.open());
  if (!world.asksForToken) client.signedIn();
  await clock.advance(2 * HOUR);
  const tired = [...client.log.recordings.values()].filter(({ attempts }) => attempts >= MAX_AUTOMATIC_ATTEMPTS);
  if (tired.length > 0) await client.sync.retry(tired.map(({ id }) => id));
  await clock.advance(2 * HOUR);
}

/** What holds whenever a program runs. */
export function check(world: ClientWorld): void {
  const { safe, client } = world;
  const broken = [...world.broken, ...world.script.ledger.faults];
  for (const recording of client?.log.recordings.values() ?? []) {
    const { id, status, attempts } = recording;
    const frames = world.framesOf(recording);
    const failures = Math.max(0, ...frames.map((frame) => world.server.failed.get(frame) ?? 0));
    if (attempts > failures) broken.push(`${id} spent ${attempts} attempts for ${failures} failures of its content`);
    const lost = status === "synced" ? frames.filter((frame) => world.kept.has(frame) && !safe.has(frame)) : [];
    if (lost.length > 0) broken.push(`${id} is synced, and ${lost.length} of its frames are nowhere`);
  }
  // What the server has may go; everything else must still be here.
  if (client !== undefined && world.missing.length > world.heldFrames) {
    broken.push(`${world.missing.length} frames are missing and ${world.heldFrames} are held`);
  }
  if (world.lost.told > world.lost.frames)
    broken.push(`${world.lost.told} frames are told lost of ${world.lost.frames}`);
  expect(broken).toEqual([]);
}
