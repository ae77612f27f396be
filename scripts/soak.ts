/**
 * `npm run soak -- --minutes N`: simulated worlds of ever new seeds until the time is over (ten minutes unless told otherwise).
 * A world that goes wrong prints one line that says what, and how to replay it; the run then goes on, and ends with 1. Every
 * ten seconds it says how far it is. Ctrl-C ends it behind the world that runs, with the same last line and the same code; a
 * second one ends it at once.
 *
 * `--seed S` runs one world, `--trace` with everything that happens in it and the tables at its end; `--from S --count N`
 * runs seeds in order.
 *
 * `client --cycles 100` kills the client library in a real process, and the processes of a real server, so often
 * (`soak/client.ts`); `--seed S` says when. `models --runs 5000` runs the models of the client so often, on new seeds.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { World, WorldFailure } from "../simulation/world.ts";
import { soakClient } from "./soak/client.ts";

const PROGRESS_MS = 10_000;
/** Runs of no more worlds than this say of each what it was. */
const FEW = 20;
const INTERRUPTED = 130;
const SAME_KEY_MS = 500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    cycles: { type: "string" },
    runs: { type: "string" },
    minutes: { type: "string" },
    seed: { type: "string" },
    from: { type: "string" },
    count: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

function numberOf(name: "minutes" | "seed" | "from" | "count" | "cycles" | "runs"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const number = Number(text);
  const isGood = name === "minutes" ? number > 0 : Number.isSafeInteger(number) && number >= 0;
  if (isGood) return number;
  console.error(`--${name} must be a number, not ${text}`);
  process.exit(2);
}

const seed = numberOf("seed");
if (positionals[0] === "client") {
  const isWell = await soakClient(numberOf("cycles") ?? 100, seed ?? Math.floor(Math.random() * 2 ** 31));
  process.exit(isWell ? 0 : 1);
}
if (positionals[0] === "models") {
  const files = ["packages/client/test/client.model.test.ts"];
  const { status } = spawnSync("npx", ["vitest", "run", "--project", "unit", ...files], {
    stdio: "inherit",
    env: { ...process.env, HOLDFAST_MODEL_RUNS: String(numberOf("runs") ?? 5_000) },
  });
  process.exit(status ?? 1);
}
const from = seed ?? numberOf("from") ?? Math.floor(Math.random() * 2 ** 31);
const count = seed === undefined ? (numberOf("count") ?? Number.POSITIVE_INFINITY) : 1;
const minutes = numberOf("minutes") ?? (Number.isFinite(count) ? Number.POSITIVE_INFINITY : 10);

let interruptedMs: number | undefined;
process.on("SIGINT", () => {
  const nowMs = Date.now();
  // Of one Ctrl-C the terminal and npm each send one.
  if (interruptedMs !== undefined && nowMs - interruptedMs > SAME_KEY_MS) process.exit(INTERRUPTED);
  if (interruptedMs === undefined) console.log("ends behind this world; once more ends it at once");
  interruptedMs ??= nowMs;
});

let worlds = 0;
let failed = 0;
let worldMs = 0;

/** One world; what went wrong in it is told, and the next begins. */
async function runOne(number: number): Promise<void> {
  worlds += 1;
  try {
    const report = await world.run(number, values.trace ? { onTrace: (line) => console.log(line) } : {});
    worldMs += report.worldMs;
    if (count <= FEW) console.log(JSON.stringify(report));
  } catch (error) {
    failed += 1;
    console.log(error instanceof WorldFailure ? error.message : error);
    if (error instanceof WorldFailure && values.trace) console.log(error.cause);
  }
}

const world = await World.open();
const startedMs = Date.now();
const untilMs = startedMs + minutes * 60_000;
let saidMs = startedMs;

const summary = (): string =>
  `${worlds} worlds, ${failed} failed, ${Math.round((Date.now() - startedMs) / Math.max(1, worlds))} ms each`;

for (let number = from; number < from + count && Date.now() < untilMs && interruptedMs === undefined; number++) {
  await runOne(number);
  if (Date.now() - saidMs < PROGRESS_MS) continue;
  saidMs = Date.now();
  const leftS = Math.round((untilMs - saidMs) / 1000);
  console.log(`seed ${number}: ${summary()}${Number.isFinite(leftS) ? `, ${leftS} s to go` : ""}`);
}
await world.close();
console.log(
  `${summary()}, seeds ${from} to ${from + worlds - 1}, ${(worldMs / 3_600_000).toFixed(1)} hours of their time`,
);
process.exit(failed === 0 ? 0 : 1);
