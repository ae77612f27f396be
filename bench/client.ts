/**
 * The figures of the recording log, each against the target it must reach:
 *
 *   node bench/client.ts [append] [recovery] [browser] [--frames 3000] [--recordings 50000]
 *
 * `browser` measures both in a real Chromium, in its private file system and in IndexedDB.
 */
import { parseArgs } from "node:util";
import { measureBrowserLog } from "./client/browser.ts";
import { measureAppend, measureRecovery } from "./client/files.ts";
import { runFigures, sayMachine } from "./run-figures.ts";

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

sayMachine();
await runFigures(figures, positionals);
