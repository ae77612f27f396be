/** `holdfast serve`: everything on this machine, until Ctrl-C. */
import { fileURLToPath } from "node:url";
import { parseConfig } from "@holdfast/contract";
import { createLog, systemClock } from "@holdfast/runtime";
import type { Command } from "commander";
import type { ExitCode } from "../exit-codes.ts";
import { plainOutput, terminalOutput } from "../supervisor/output.ts";
import { rolePrograms } from "../supervisor/roles.ts";
import { runServe } from "../supervisor/run-serve.ts";

const COMPILE_CACHE = fileURLToPath(new URL("../../../../node_modules/.cache/node", import.meta.url));

export function register(program: Command): void {
  program
    .command("serve")
    .description("start everything on this machine and keep it running")
    .option("--json", "log lines as JSON, also on a terminal")
    .action(async (options: { json?: boolean }) => {
      process.exit(await serveCommand({ json: options.json === true }));
    });
}

export async function serveCommand(options: { readonly json: boolean }): Promise<ExitCode> {
  const startedMs = performance.timeOrigin;
  const config = parseConfig(process.env);
  // A reader that went away (`npm start | head`) is no reason to stop a recording.
  process.stdout.on("error", () => {});
  const output = process.stdout.isTTY && !options.json ? terminalOutput(process.stdout) : plainOutput(process.stdout);
  const log = createLog("holdfast", config.HOLDFAST_LOG_LEVEL, output.destination);
  return await runServe(
    {
      config,
      env: process.env,
      programs: rolePrograms(),
      compileCache: COMPILE_CACHE,
      clock: systemClock,
      log,
      output,
    },
    startedMs,
  );
}
