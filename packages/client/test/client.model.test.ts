/**
 * The promise of the client as a property: every frame that was written to the recording log ends at the server, whatever the
 * disk, the network, the server and the process do, and the bytes are kept until it does. No request goes out during a pause,
 * no attempt is spent but by content, and no frame goes up twice but where an answer or an acknowledgement was lost.
 */
import { MAX_AUTOMATIC_ATTEMPTS } from "@holdfast/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClientWorld, type UploadMood } from "./world/client-world.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

type Act =
  | { readonly do: "speak"; readonly frames: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "mood"; readonly mood: UploadMood }
  | { readonly do: "die"; readonly change: number; readonly torn: number }
  | {
      readonly do:
        | "flush"
        | "flush unheard"
        | "drop"
        | "refuse"
        | "hang"
        | "swallow"
        | "heal"
        | "stop"
        | "kill"
        | "blink";
    };

const MOODS: readonly UploadMood[] = [
  "well",
  "gone",
  "lost answer",
  "busy",
  "fair use",
  "signed out",
  "down",
  "failing job",
];

/** After these nobody can know what the server has: an answer was lost, or the memory of one with its process. */
const REPEATING = new Set<string>(["flush unheard", "lost answer", "failing job", "swallow", "kill", "die"]);

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("speak" as const), frames: fc.integer({ min: 1, max: 400 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 4 * MINUTE }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("mood" as const), mood: fc.constantFrom(...MOODS) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("die" as const),
      change: fc.integer({ min: 1, max: 40 }),
      torn: fc.double({ min: 0, max: 0.99, noNaN: true }),
    }),
  },
  {
    weight: 10,
    arbitrary: fc
      .constantFrom(
        "flush",
        "flush",
        "flush unheard",
        "drop",
        "refuse",
        "hang",
        "swallow",
        "heal",
        "stop",
        "kill",
        "blink",
      )
      .map((name) => ({ do: name }) as Act),
  },
);

test("every frame that was written ends at the server", async () => {
  await fc.assert(fc.asyncProperty(fc.array(act, { maxLength: 25 }), run), { numRuns: 500 });
}, 120_000);

async function run(acts: readonly Act[]): Promise<void> {
  const world = new ClientWorld();
  await world.record();
  const mayRepeat = acts.some((step) => REPEATING.has(step.do === "mood" ? step.mood : step.do));
  for (const step of acts) {
    await perform(world, step);
    if (world.isDead) await world.kill();
    if (world.capture === undefined) await world.record();
    check(world);
  }
  await recover(world);
  check(world);
  expect(world.missing, "frames that nobody but the device has").toEqual([]);
  const { counts } = world.client?.sync.status ?? {};
  expect(counts).toMatchObject({ waiting: 0, retrying: 0, sending: 0, uploaded: 0, attention: 0 });
  if (!mayRepeat) for (const frame of world.kept) expect(world.timesOf(frame), `frame ${frame}`).toBe(1);
}

async function perform(world: ClientWorld, step: Act): Promise<void> {
  const { link, script, clock, window } = world;
  switch (step.do) {
    case "speak":
      return await world.speak(step.frames);
    case "wait":
      return await clock.advance(step.ms);
    case "mood":
      world.mood = step.mood;
      return;
    case "die":
      world.disk.dieAt(step.change, step.torn);
      return await world.speak(20);
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
      link[step.do] = true;
      return;
    case "heal":
      for (const fault of ["refuse", "hang", "swallow"] as const) link[fault] = false;
      world.mood = "well";
      return;
    case "stop": {
      const { death } = world.disk;
      const stopping = world.capture?.stop();
      world.capture = undefined;
      await clock.advance(45 * SECOND);
      return await Promise.race([stopping, death]);
    }
    case "kill":
      return await world.kill();
    case "blink":
      window.set({ online: false });
      await clock.advance(SECOND);
      return window.set({ online: true });
    default:
      return step satisfies never;
  }
}

/** Everything is well again, a person asks for what gave up, and capture ends. */
async function recover(world: ClientWorld): Promise<void> {
  world.disk.dieAt(Number.POSITIVE_INFINITY);
  await perform(world, { do: "heal" });
  // A connection that was swallowed stays dead until its silence is noticed.
  for (let i = 0; i < 10; i++) {
    await world.clock.advance(10 * SECOND);
    world.flush();
  }
  await world.clock.advance(5 * MINUTE);
  world.flush();
  await perform(world, { do: "stop" });
  const client = world.client ?? (await world.open());
  client.sync.signedIn();
  await world.clock.advance(2 * HOUR);
  const tired = [...client.log.recordings.values()].filter(({ attempts }) => attempts >= MAX_AUTOMATIC_ATTEMPTS);
  await client.sync.retry(tired.map(({ id }) => id));
  await world.clock.advance(2 * HOUR);
}

function check(world: ClientWorld): void {
  expect(world.broken).toEqual([]);
  expect(world.script.ledger.faults).toEqual([]);
  const { live } = world;
  for (const recording of world.client?.log.recordings.values() ?? []) {
    if (recording.status !== "synced") continue;
    expect(recording.delivered === recording.frames || recording.syncedAtMs > 0).toBe(true);
  }
  // What the server confirmed may go; everything else must still be here.
  expect(world.missing.filter((frame) => !live.has(frame)).length).toBeLessThanOrEqual(world.heldFrames);
}
