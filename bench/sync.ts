/**
 * The figures of uploads, each against the target it must reach:
 *
 *   node bench/sync.ts [accept] [tus] [memory] [jobs] [hour] [--batches 300] [--backlog 100000] [--mebibytes 64] [--rounds 6]
 *
 * Gateway, PostgreSQL, the client and the server it is compared with share this machine.
 */
import { parseArgs } from "node:util";
import { runFigures, sayMachine } from "./run-figures.ts";
import { measureAccept } from "./sync/accept.ts";
import { measureHour } from "./sync/hour.ts";
import { measureJobs } from "./sync/jobs.ts";
import { measureUploadMemory } from "./sync/memory.ts";
import { measureTus } from "./sync/throughput.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batches: { type: "string", default: "300" },
    backlog: { type: "string", default: "100000" },
    mebibytes: { type: "string", default: "64" },
    rounds: { type: "string", default: "6" },
  },
});

const figures = {
  accept: () => measureAccept({ batches: Number(values.batches), backlog: Number(values.backlog) }),
  tus: () => measureTus({ mebibytes: Number(values.mebibytes), rounds: Number(values.rounds) }),
  memory: measureUploadMemory,
  jobs: () => measureJobs({ backlog: Number(values.backlog) }),
  hour: measureHour,
};

sayMachine("; fsync on");
await runFigures(figures, positionals);
