/** `holdfast serve` with stub roles: the same supervisor, lighter children. */
import { fileURLToPath } from "node:url";
import { parseConfig } from "@holdfast/contract";
import { createLog, systemClock } from "@holdfast/runtime";
import { plainOutput } from "../../src/supervisor/output.ts";
import { runServe } from "../../src/supervisor/run-serve.ts";

const stub = (role: string): string => fileURLToPath(new URL(`./stub-${role}.ts`, import.meta.url));
const output = plainOutput(process.stdout);
process.exit(
  await runServe(
    {
      config: parseConfig(process.env),
      env: process.env,
      programs: { gateway: stub("gateway"), pusher: stub("pusher"), worker: stub("worker"), speech: stub("speech") },
      compileCache: "",
      clock: systemClock,
      log: createLog("holdfast", "info", output.destination),
      output,
    },
    performance.timeOrigin,
  ),
);
