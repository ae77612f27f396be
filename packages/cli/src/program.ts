/**
 * The commands of `holdfast`, registered with commander. They are listed here by name, so that nothing is found by
 * accident, and only the module of the command that was asked for is loaded; all of them for help.
 */
import { Command, type CommanderError } from "commander";
import { EXIT, EXIT_HELP } from "./exit-codes.ts";

interface CommandModule {
  register(program: Command): void;
}

const role = (): Promise<CommandModule> => import("./commands/role.ts");

const COMMANDS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  serve: () => import("./commands/serve.ts"),
  gateway: role,
  pusher: role,
  worker: role,
  speech: role,
  migrate: () => import("./commands/migrate.ts"),
  token: () => import("./commands/token.ts"),
  jobs: () => import("./commands/jobs.ts"),
  "fair-use": () => import("./commands/fair-use.ts"),
  doctor: () => import("./commands/doctor.ts"),
  status: () => import("./commands/status.ts"),
  record: () => import("./commands/record.ts"),
  stream: () => import("./commands/stream.ts"),
  upload: () => import("./commands/upload.ts"),
  sync: () => import("./commands/sync.ts"),
  demo: () => import("./commands/demo.ts"),
};

const HELP_AFTER = `${EXIT_HELP}

Settings come from the environment; \`holdfast doctor\` prints them all.`;

/** `asked` is the first word of the command line. */
export async function buildProgram(asked: string | undefined): Promise<Command> {
  const program = new Command("holdfast")
    .description("Self-hosted voice capture: every second recorded becomes part of exactly one conversation.")
    .version("0.1.0")
    .addHelpText("after", HELP_AFTER)
    .showHelpAfterError()
    .exitOverride(endWithUsage);
  const load = asked === undefined || !Object.hasOwn(COMMANDS, asked) ? undefined : COMMANDS[asked];
  const loaders = load === undefined ? new Set(Object.values(COMMANDS)) : [load];
  for (const loader of loaders) (await loader()).register(program);
  return program;
}

/** Commander's own end: help and version are a success, anything else is a wrong command line. */
function endWithUsage(error: CommanderError): never {
  process.exit(error.exitCode === 0 ? EXIT.ok : EXIT.usage);
}
