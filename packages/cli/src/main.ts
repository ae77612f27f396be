/**
 * The `holdfast` command: reads the command line, loads what the chosen command needs and nothing else, ends with its exit
 * code. Errors that are meant for a person are one line on standard error; with `--json` they are an object.
 */
import { messageOf } from "@holdfast/contract";
import { assertNodeVersion } from "@holdfast/runtime";
import { EXIT } from "./exit-codes.ts";
import { exitCodeOf } from "./supervisor/run-serve.ts";

try {
  assertNodeVersion(process.version);
  if (process.argv.length === 3 && process.argv[2] === "serve") {
    // The supervisor is the one process that stays: it does without the parser of command lines.
    const { serveCommand } = await import("./commands/serve.ts");
    process.exit(await serveCommand({ json: false }));
  }
  const { buildProgram } = await import("./program.ts");
  const program = await buildProgram(process.argv[2]);
  // Timers of the clock keep nothing alive; a command lives until its promise is settled.
  const alive = setInterval(() => {}, 60_000);
  await program.parseAsync(process.argv);
  clearInterval(alive);
} catch (error) {
  const code = exitCodeOf(error);
  if (process.argv.includes("--json")) {
    process.stdout.write(`${JSON.stringify({ error: messageOf(error), exit_code: code })}\n`);
  } else if (code !== EXIT.ok) {
    process.stderr.write(`holdfast: ${messageOf(error)}\n`);
  }
  process.exit(code);
}
