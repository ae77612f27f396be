/**
 * The figures of the recording log, each against the target it must reach:
 *
 *   node bench/client.ts [append] [recovery] [browser] [--frames 3000] [--recordings 50000]
 *
 * `browser` measures both in a real Chromium, in its private file system and in IndexedDB.
 */
import { cpus, loadavg, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { measureBrowserLog } from "./client/browser.ts";
import { measureAppend, measureRecovery } from "./client/files.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    frames: { type: "string", default: "3000" },
    recordings: { type: "string", default: "50000" },
  },
});

const frames = Number(values.frames);
const recordings = Number(values.recordings);
const figures = {
  append: () => measureAppend(frames),
  recovery: () => measureRecovery(recordings),
  browser: () => measureBrowserLog(frames, recordings),
};

const cpu = cpus();
const memory = Math.round(totalmem() / 2 ** 30);
console.log(`machine   ${cpu.length} x ${cpu[0]?.model ?? "unknown"}, ${memory} GiB, Node ${process.version}`);
for (const [name, measure] of Object.entries(figures)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  console.log(`\n${name} (load average before: ${loadavg()[0]?.toFixed(1)})`);
  await measure();
}
