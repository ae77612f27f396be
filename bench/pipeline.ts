/**
 * The figures of the live pipeline, each against the target it must reach:
 *
 *   node bench/pipeline.ts [throughput] [links] [handoff] [backlog] [memory]
 *     [--sessions 500] [--seconds 30] [--final-seconds 5] [--silent] [--no-pusher] [--profile]
 *
 * Everything runs on this machine at once: gateway, pusher, PostgreSQL, the recogniser (a process that counts and answers) and
 * the load. So the share of each process is printed, and whoever reads a figure can tell whose it is.
 */
import { parseArgs } from "node:util";
import { measureBacklog } from "./pipeline/backlog.ts";
import { measureHandOff } from "./pipeline/hand-off.ts";
import { measureIdleMemory } from "./pipeline/idle-memory.ts";
import { measureLinkStates } from "./pipeline/link-states.ts";
import { measureThroughput } from "./pipeline/throughput.ts";
import { runFigures, sayMachine } from "./run-figures.ts";

const SENTENCE = "and so my fellow citizens we measure what we promise.";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sessions: { type: "string", default: "500" },
    seconds: { type: "string", default: "30" },
    "final-seconds": { type: "string", default: "5" },
    silent: { type: "boolean", default: false },
    "no-pusher": { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
  },
});
const options = {
  sessions: Number(values.sessions),
  seconds: Number(values.seconds),
  warmSeconds: 8,
  finalSeconds: Number(values["final-seconds"]),
  transcript: values.silent ? "" : SENTENCE,
  pusher: !values["no-pusher"],
  profile: values.profile,
};

const figures = {
  throughput: () => measureThroughput(options),
  links: () =>
    measureLinkStates({ ...options, seconds: options.seconds / 2, sessions: Math.min(options.sessions, 50) }),
  handoff: () => measureHandOff({ conversations: 200 }),
  backlog: () => measureBacklog({ conversations: 1_000 }),
  memory: () => measureIdleMemory({ sessions: options.sessions }),
};

sayMachine();
const words = values.silent ? "silence" : "words";
const pusher = options.pusher ? "a pusher" : "no pusher";
console.log(
  `settings  ${options.seconds} s after ${options.warmSeconds} s of warming up; 20 ms Opus packets; a final with ${words} every ${options.finalSeconds} s; ${pusher}; fsync on`,
);
await runFigures(figures, positionals);
