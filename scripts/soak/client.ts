/**
 * The client library in a real process against a real server: PostgreSQL, gateway, worker and pusher. The client is killed at
 * random points (while it starts, records, sends), the roles of the server now and then; in some cycles no live connection comes
 * about, some uploads are told to wait, connections are cut. In the end every frame that the client said is written must be in
 * a conversation, and none in two or twice in one. No request may have come in a pause. The seed decides what happens when; the machine decides what that hits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type RoleName, startWorld, type World, waitFor } from "@holdfast/testkit";
import { SeededRandom } from "@holdfast/testkit/simulator";
import { Frames, judge, unfinished } from "./frames.ts";
import { Front, type Limit } from "./front.ts";
import { startHearing } from "./hearing.ts";
import type { RecorderTask } from "./recorder.ts";

const RECORDER = fileURLToPath(new URL("recorder.ts", import.meta.url));
const DRAIN_MS = 300_000;
const LIMITS: readonly Omit<Limit, "seconds">[] = [
  { status: 429, reason: "fair_use" },
  { status: 429, reason: null },
  { status: 503, reason: "backfill_capacity" },
];

interface Soak {
  readonly random: SeededRandom;
  readonly world: World;
  readonly front: Front;
  readonly frames: Frames;
  readonly folder: string;
  readonly kills: Map<string, number>;
}

/** Resolves with whether everything holds. */
export async function soakClient(cycles: number, seed: number): Promise<boolean> {
  const startedMs = Date.now();
  console.log(`seed ${seed}, ${cycles} cycles`);
  const folder = await mkdtemp(join(tmpdir(), "holdfast-soak-"));
  try {
    await using hearing = await startHearing();
    await using world = await startWorld({ HOLDFAST_SPEECH_URL: hearing.url, HOLDFAST_AUDIO_RETENTION: "forever" });
    await world.start("server", "worker", "pusher");
    await using front = await Front.start(Number(new URL(world.url).port));
    const soak: Soak = {
      ...{ random: new SeededRandom(seed), world, front, frames: new Frames() },
      ...{ folder: join(folder, "log"), kills: new Map() },
    };
    for (let cycle = 0; cycle < cycles; cycle++) {
      await runCycle(soak, cycle);
      if (cycle % 10 === 9) console.log(`cycle ${cycle + 1}: ${soak.frames.written.size} frames written`);
    }
    return await settle(soak, startedMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Recorder {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** It said that something is written. */
  readonly writes: Promise<void>;
  hasWrittenLimit: boolean;
  attention: string;
}

function startRecorder(
  { front, frames, folder, world }: Soak,
  task: Partial<RecorderTask> & { cycle: number },
): Recorder {
  const all: RecorderTask = {
    ...{ folder, url: front.url, token: world.token, drain: false, framesOfCapture: 1_000 },
    ...task,
  };
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", RECORDER, JSON.stringify(all)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const first = Promise.withResolvers<void>();
  const lines = createInterface({ input: child.stdout });
  const ended = Promise.all([once(child, "exit"), once(lines, "close")]);
  const recorder: Recorder = { child, ended, writes: first.promise, hasWrittenLimit: false, attention: "" };
  lines.on("line", (line) => {
    if (line === "paused") recorder.hasWrittenLimit = true;
    if (line.startsWith("attention")) recorder.attention = line;
    if (line.startsWith("written")) first.resolve();
    frames.hear(task.cycle, line);
  });
  return recorder;
}

async function runCycle(soak: Soak, cycle: number): Promise<void> {
  const { random, front, kills } = soak;
  front.isLiveAway = random.chance(0.35);
  if (random.chance(0.25)) front.limitNext({ ...random.pick(LIMITS), seconds: random.int(1, 3) });
  const recorder = startRecorder(soak, { cycle, framesOfCapture: random.pick([7, 15, 1_000]) });
  const troubles: Promise<void>[] = [];
  const soon = (name: RoleName): void => void troubles.push(restartRole(soak, name, random.int(0, 1_500)));
  if (random.chance(0.12)) soon("server");
  if (random.chance(0.12)) soon("worker");
  if (random.chance(0.04)) soon("pusher");
  if (random.chance(0.3)) troubles.push(after(random.int(200, 2_000)).then(() => front.cut()));
  // Some die before they have begun.
  const isEarly = random.chance(0.15);
  const livesMs = isEarly ? random.int(20, 600) : random.int(50, 5_000);
  if (!isEarly) await Promise.race([recorder.writes, recorder.ended]);
  await after(livesMs);
  if (recorder.child.exitCode !== null) throw new Error(`the recorder ended by itself in cycle ${cycle}`);
  recorder.child.kill("SIGKILL");
  kills.set("client", (kills.get("client") ?? 0) + 1);
  await recorder.ended;
  await Promise.all(troubles);
  front.restarted(recorder.hasWrittenLimit);
}

async function restartRole({ world, kills }: Soak, name: RoleName, inMs: number): Promise<void> {
  await after(inMs);
  await world.kill(name);
  kills.set(name, (kills.get(name) ?? 0) + 1);
  await world.start(name);
}

/** Nothing goes wrong any more: the client brings what it has, the server ends what it began, and all is counted. */
async function settle(soak: Soak, startedMs: number): Promise<boolean> {
  const { front, frames, world, kills } = soak;
  front.heal();
  const recorder = startRecorder(soak, { cycle: -1, drain: true });
  const late = new AbortController();
  const isDrained = await Promise.race([
    recorder.ended.then(() => recorder.child.exitCode === 0),
    after(DRAIN_MS, late.signal).then(() => false),
  ]);
  late.abort();
  recorder.child.kill("SIGKILL");
  await waitFor("the server to end what it began", async () => (await unfinished(world.db)) === 0, DRAIN_MS);
  const { lost, twice } = await judge(world.db, frames);
  const killed = [...kills].map(([name, count]) => `${name} ${count}`).join(", ");
  console.log(`killed: ${killed}; connections cut ${front.cuts} times; ${front.limits} uploads told to wait`);
  console.log(`${frames.written.size} frames written, ${frames.delivered.size} acknowledged live`);
  console.log(`${front.requests} requests, ${front.uploads} uploads, ${front.early.length} in a pause`);
  console.log(`${lost.length} lost, ${twice.length} twice`);
  console.log(isDrained ? `drained, ${recorder.attention}` : "the client did not come to its end");
  const broken = { lost, twice, early: front.early };
  for (const [what, list] of Object.entries(broken)) {
    if (list.length > 0) console.log(`${what}: ${list.slice(0, 20).join(" ")}`);
  }
  console.log(`${Math.round((Date.now() - startedMs) / 1_000)} s`);
  const isWell = isDrained && recorder.attention === "attention 0";
  return isWell && Object.values(broken).every((list) => list.length === 0);
}

function after(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
