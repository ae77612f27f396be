/**
 * The promise of the client as a property: every frame that was written to the recording log ends at the server, whatever the
 * disk, the network, the server, the person and the process do, and the bytes are kept until it does. No request goes out during
 * a pause, no attempt is spent but by content, and no frame is given to the server twice but where it said that it failed: neither
 * live and by upload, whatever acknowledgement was lost, nor by two uploads, whatever answer was.
 * What could not be written is said to be lost, and who stops or closes comes to an end of everything.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Act, begin, check, type PlainAct, perform, recover } from "./world/acts.ts";
import { ClientWorld, type ClientWorldOptions } from "./world/client-world.ts";
import type { UploadMood } from "./world/upload-server.ts";

const MINUTE = 60_000;
/** The soak asks for more. */
const RUNS = process.env.HOLDFAST_MODEL_RUNS;
const runs = (usual: number): number => (RUNS === undefined ? usual : Number(RUNS));

const speak = (most: number): fc.Arbitrary<Act> =>
  fc.record({ do: fc.constant("speak" as const), frames: fc.integer({ min: 1, max: most }) });
const wait: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("wait" as const),
  ms: fc.integer({ min: 1, max: 4 * MINUTE }),
});
const moods = (...of: readonly UploadMood[]): fc.Arbitrary<Act> =>
  fc.constantFrom(...of).map((mood) => ({ do: "mood", mood }));
const plain = (...of: readonly PlainAct[]): fc.Arbitrary<Act> => fc.constantFrom(...of).map((name) => ({ do: name }));
const die: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("die" as const),
  change: fc.integer({ min: 1, max: 40 }),
  torn: fc.double({ min: 0, max: 0.99, noNaN: true }),
});
const fill: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("fill" as const),
  room: fc.integer({ min: 0, max: 1_500 }),
});
const flap: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("flap" as const),
  times: fc.integer({ min: 1, max: 5 }),
  everyMs: fc.integer({ min: 10, max: 40_000 }),
});
const next: fc.Arbitrary<Act> = fc.record({
  do: fc.constant("stop and begin" as const),
  drainMs: fc.integer({ min: 0, max: 20_000 }),
});

const everyday: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: speak(400) },
  { weight: 3, arbitrary: wait },
  {
    weight: 3,
    arbitrary: moods("well", "gone", "lost answer", "busy", "fair use", "signed out", "down", "failing job"),
  },
  { weight: 2, arbitrary: die },
  {
    weight: 10,
    arbitrary: plain(
      ...(["flush", "flush", "flush unheard", "drop", "refuse", "hang", "swallow", "heal", "stop", "kill"] as const),
      "blink",
    ),
  },
);

test("every frame that was written ends at the server", async () => {
  const property = fc.asyncProperty(fc.array(everyday, { maxLength: 25 }), (acts) => run(acts));
  await fc.assert(property, { numRuns: runs(500) });
}, 3_600_000);

const troubled: fc.Arbitrary<Act> = fc.oneof(
  { weight: 8, arbitrary: speak(150) },
  { weight: 3, arbitrary: wait },
  { weight: 2, arbitrary: flap },
  { weight: 4, arbitrary: fill },
  { weight: 3, arbitrary: next },
  { weight: 1, arbitrary: die },
  {
    weight: 5,
    arbitrary: moods(
      ...(["well", "busy", "fair use", "busy now", "no reason", "fair use, some day", "unavailable"] as const),
      ...(["signed out", "failing job", "lost answer"] as const),
    ),
  },
  {
    weight: 10,
    arbitrary: plain(
      ...(["flush", "flush", "drop", "refuse", "heal", "heal", "stop", "stop twice", "sync and close"] as const),
      ...(["token runs out", "token is renewed", "kill", "blink"] as const),
    ),
  },
);

test("trouble costs no frame, no attempt and no request in a pause", async () => {
  const options = { heldFrames: 60, retentionDays: 0, token: (world: ClientWorld) => world.givenToken };
  const property = fc.asyncProperty(fc.array(troubled, { maxLength: 25 }), (acts) => run(acts, options));
  await fc.assert(property, { numRuns: runs(200) });
}, 3_600_000);

async function run(acts: readonly Act[], options: ClientWorldOptions = {}): Promise<void> {
  const world = new ClientWorld(options);
  await world.record();
  for (const act of acts) {
    await perform(world, act);
    if (world.isDead) await world.kill();
    if (world.capture === undefined) await begin(world);
    check(world);
  }
  await recover(world);
  check(world);
  expect(world.missing, "frames that nobody but the device has").toEqual([]);
  const { counts } = world.client?.sync.status ?? {};
  expect(counts).toMatchObject({ waiting: 0, retrying: 0, sending: 0, uploaded: 0, attention: 0 });
  expect(world.stopping, "captures that do not come to their end").toBe(0);
  const hasDied = acts.some((act) => act.do === "kill" || act.do === "die");
  if (!hasDied) expect(world.lost.told, "frames that are said to be lost").toBe(world.lost.frames);
  const { live } = world;
  const both = [...world.kept].filter((frame) => live.has(frame) && world.uploaded.has(frame));
  expect(both, "frames that came live and by upload").toEqual([]);
  for (const frame of world.kept) {
    expect(world.timesOf(frame) - (world.server.failed.get(frame) ?? 0), `times of frame ${frame}`).toBe(1);
  }
  await world.close();
  check(world);
}
