/**
 * `npm run soak -- --minutes N`: simulated worlds of ever new seeds until the time is over. A world that goes wrong prints one
 * line that says what, and how to replay it; the run then goes on, and ends with 1.
 *
 * `--seed S` runs one world, `--trace` with everything that happens in it and the tables at its end; `--from S --count N`
 * runs seeds in order.
 */
import { parseArgs } from "node:util";
import { World, WorldFailure } from "../simulation/world.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string" },
    seed: { type: "string" },
    from: { type: "string" },
    count: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});

const whole = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number.parseInt(text, 10);
const from = whole(values.seed) ?? whole(values.from) ?? Math.floor(Math.random() * 2 ** 31);
const count = values.seed === undefined ? (whole(values.count) ?? Number.POSITIVE_INFINITY) : 1;
const minutes = Number(values.minutes ?? (count === Number.POSITIVE_INFINITY ? 10 : Number.POSITIVE_INFINITY));
const startedMs = Date.now();
const untilMs = startedMs + minutes * 60_000;

const world = await World.open();
const failed: number[] = [];
let worlds = 0;
let worldMs = 0;
let saidMs = startedMs;
for (let seed = from; seed < from + count && Date.now() < untilMs; seed++) {
  try {
    const report = await world.run(seed, values.trace ? { onTrace: (line) => console.log(line) } : {});
    worldMs += report.worldMs;
    if (count <= 20) console.log(JSON.stringify(report));
  } catch (error) {
    failed.push(seed);
    console.log(error instanceof WorldFailure ? error.message : error);
    if (error instanceof WorldFailure && values.trace) console.log(error.cause);
  }
  worlds += 1;
  if (Date.now() - saidMs < 60_000) continue;
  saidMs = Date.now();
  console.log(`${worlds} worlds, ${failed.length} failed, ${Math.round((saidMs - startedMs) / worlds)} ms each`);
}
await world.close();
const perWorldMs = Math.round((Date.now() - startedMs) / Math.max(1, worlds));
console.log(
  `${worlds} worlds from seed ${from}: ${failed.length} failed; ${(worldMs / 3_600_000).toFixed(1)} hours of their time, ${perWorldMs} ms each`,
);
process.exit(failed.length === 0 ? 0 : 1);
