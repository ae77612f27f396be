/** `holdfast jobs`: what is in work, what waits and why, and asking again for what failed. Straight on the database. */
import type { JobKind, JobState } from "@holdfast/core";
import type { RetryOutcome } from "@holdfast/store";
import type { Command } from "commander";
import { EXIT, EXIT_HELP, ExitError } from "../exit-codes.ts";

interface JsonOption {
  readonly json?: boolean;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const DEFAULT_LIMIT = 50;
const MAX_RETRIES = 10_000;

export function register(program: Command): void {
  const jobs = program
    .command("jobs")
    .description("show what is in work, and ask again for what failed")
    .addHelpText("after", EXIT_HELP);
  jobs
    .command("list")
    .description("list jobs, newest first; without --state all that are not completed")
    .option("--state <states>", "only these, with commas between; `all` for every state")
    .option("--kind <kinds>", "only these, with commas between")
    .option("--limit <n>", "at most so many", String(DEFAULT_LIMIT))
    .option("--json", "print JSON")
    .action(list);
  jobs
    .command("queue")
    .description("show how many uploads wait, since when, and how long they will need")
    .option("--json", "print JSON")
    .action(queue);
  jobs.command("show <id>").description("show all that is known of a job").option("--json", "print JSON").action(show);
  jobs
    .command("retry [id]")
    .description("ask again for a job that failed, with all its attempts")
    .option("--dead-letter", "for every job that used up its attempts")
    .option("--json", "print JSON")
    .action(retry);
}

async function list(options: JsonOption & { state?: string; kind?: string; limit: string }): Promise<void> {
  const { store, core, text, withDatabase, nowMs } = await load();
  const limit = Number(options.limit);
  if (!(Number.isInteger(limit) && limit > 0))
    throw new ExitError("--limit must be a whole number above 0", EXIT.usage);
  const unfinished = core.JOB_STATES.filter((state) => state !== "completed");
  const states: readonly JobState[] =
    options.state === "all" ? core.JOB_STATES : (chosen("--state", options.state, core.JOB_STATES) ?? unfinished);
  const kinds: readonly JobKind[] | undefined = chosen("--kind", options.kind, core.JOB_KINDS);
  const filter = { states, limit, ...(kinds === undefined ? {} : { kinds }) };
  const jobs = await withDatabase(async (db) => {
    await store.migrate(db);
    return await store.listJobs(db, filter);
  });
  print(options, { jobs }, text.jobsTable(jobs, nowMs));
}

async function queue(options: JsonOption): Promise<void> {
  const { store, text, withDatabase, nowMs } = await load();
  const known = await withDatabase(async (db) => {
    await store.migrate(db);
    return await store.loadQueue(db);
  });
  print(options, { queue: known }, text.queueText(known, nowMs));
}

async function show(id: string, options: JsonOption): Promise<void> {
  const wanted = jobId(id);
  const { store, text, withDatabase, nowMs } = await load();
  const job = await withDatabase(async (db) => {
    await store.migrate(db);
    return await store.findJobOfAnyUser(db, wanted);
  });
  if (job === undefined) throw new ExitError(`there is no job ${id}; see holdfast jobs list`, EXIT.failure);
  print(options, { job }, text.jobPage(job, nowMs));
}

async function retry(id: string | undefined, options: JsonOption & { deadLetter?: boolean }): Promise<void> {
  if ((id === undefined) === (options.deadLetter !== true)) {
    throw new ExitError("name one job, or --dead-letter", EXIT.usage);
  }
  const wanted = id === undefined ? undefined : jobId(id);
  const { store, text, withDatabase, nowMs } = await load();
  const outcomes = await withDatabase(async (db) => {
    await store.migrate(db);
    const ids = wanted === undefined ? (await store.listDeadLetters(db, MAX_RETRIES)).map((job) => job.id) : [wanted];
    const all: { readonly id: string; readonly outcome: RetryOutcome }[] = [];
    for (const each of ids) all.push({ id: each, outcome: await store.retryJob(db, each, nowMs) });
    return all;
  });
  const lines = outcomes.map((each) => text.retryLine(each.id, each.outcome));
  const retried = outcomes.map((each) => ({ id: each.id, ...each.outcome }));
  print(options, { retried }, lines.length === 0 ? "no dead letters" : lines.join("\n"));
  if (outcomes.some(({ outcome }) => outcome.outcome !== "queued")) process.exitCode = EXIT.failure;
}

/** Undefined where the option was not given. Throws for a word that is none of `known`. */
function chosen<T extends string>(option: string, value: string | undefined, known: readonly T[]): T[] | undefined {
  return value?.split(",").map((word) => {
    const found = known.find((each) => each === word.trim());
    if (found === undefined)
      throw new ExitError(`${option} ${word.trim()}: must be of ${known.join(", ")}`, EXIT.usage);
    return found;
  });
}

function jobId(id: string): string {
  if (UUID.test(id)) return id.toLowerCase();
  throw new ExitError(`${id} is not the id of a job; see holdfast jobs list`, EXIT.usage);
}

async function load() {
  const [store, core, text, { withDatabase }] = await Promise.all([
    import("@holdfast/store"),
    import("@holdfast/core"),
    import("../output/jobs-text.ts"),
    import("../with-database.ts"),
  ]);
  return { store, core, text, withDatabase, nowMs: Date.now() };
}

function print(options: JsonOption, value: object, words: string): void {
  process.stdout.write(options.json === true ? `${JSON.stringify(value)}\n` : `${words}\n`);
}
