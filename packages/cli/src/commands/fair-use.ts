/** `holdfast fair-use`: who is limited and why, another stage, and a clean slate. Straight on the database. */
import type { Command } from "commander";
import { EXIT, EXIT_HELP, ExitError } from "../exit-codes.ts";

interface JsonOption {
  readonly json?: boolean;
}

const FLAGGED_SHOWN = 200;
const EVENTS_SHOWN = 10;
/** Who decided, for whoever reads it later. */
const BY = "command line";

export function register(program: Command): void {
  const fairUse = program
    .command("fair-use")
    .description("show who is limited, and decide about it")
    .addHelpText("after", EXIT_HELP);
  fairUse
    .command("status [user]")
    .description("show a user's speech, stage and events; without a user everybody who is at a stage")
    .option("--json", "print JSON")
    .action(status);
  fairUse
    .command("reset <user>")
    .description("begin anew: no stage, a whole budget; what waits goes on")
    .option("--json", "print JSON")
    .action(reset);
  fairUse
    .command("set-stage <user> <stage>")
    .description("set none, warning, throttle or restrict; a restriction set by hand lasts until it is ended by hand")
    .option("--json", "print JSON")
    .action(setStage);
}

async function status(userId: string | undefined, options: JsonOption): Promise<void> {
  const { store, core, text, withDatabase, nowMs } = await load();
  await withDatabase(async (db, config) => {
    await store.migrate(db);
    if (userId === undefined) {
      const users = await store.listFlaggedUsers(db, undefined, FLAGGED_SHOWN, nowMs);
      const rows = users.map((user) => ({ user, state: core.currentStage(store.stageOf(user), nowMs) }));
      return print(options, { users: rows }, text.flaggedTable(rows, nowMs));
    }
    const page = {
      policy: core.fairUsePolicy(config),
      account: await store.loadFairUse(db, userId, nowMs),
      user: await store.findFairUseUser(db, userId),
      events: await store.listFairUseEvents(db, userId, EVENTS_SHOWN),
    };
    const { policy: _, ...known } = page;
    print(options, known, text.fairUsePage(page, nowMs));
  });
}

async function reset(userId: string, options: JsonOption): Promise<void> {
  const { store, withDatabase, nowMs } = await load();
  await withDatabase(async (db) => {
    await store.migrate(db);
    await store.resetFairUse(db, { userId, by: BY, nowMs });
  });
  print(options, { user: userId, status: "reset" }, `${userId}: reset`);
}

async function setStage(userId: string, word: string, options: JsonOption): Promise<void> {
  const { store, core, withDatabase, nowMs } = await load();
  const stage = core.parseStage(word);
  if (stage === undefined) throw new ExitError(`${word}: must be of ${core.FAIR_USE_STAGES.join(", ")}`, EXIT.usage);
  await withDatabase(async (db) => {
    await store.migrate(db);
    await store.setFairUseStage(db, { userId, by: BY, nowMs }, stage);
  });
  print(options, { user: userId, status: "updated", stage }, `${userId}: ${stage}`);
}

async function load() {
  const [store, core, text, { withDatabase }] = await Promise.all([
    import("@holdfast/store"),
    import("@holdfast/core"),
    import("../output/fair-use-text.ts"),
    import("../with-database.ts"),
  ]);
  return { store, core, text, withDatabase, nowMs: Date.now() };
}

function print(options: JsonOption, value: object, words: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${words}\n`);
}
