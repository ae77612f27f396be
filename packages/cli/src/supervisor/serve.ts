/**
 * `holdfast serve`: everything on one machine. Up: lock of the data folder, leftovers of a killed predecessor, port,
 * PostgreSQL, schema and owner's token while the gateway is loaded, then the gateway and the other roles one after the other; the
 * gateway says itself what is not there yet. Down, in the order in which they need each other: gateway (it drains its sockets),
 * then pusher, worker and speech, PostgreSQL last. A child that dies meanwhile is started again. It holds no driver, no server
 * and no model, so that it is the process that survives.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "@holdfast/contract";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { EXIT, ExitError } from "../exit-codes.ts";
import { type DataLock, takeDataLock } from "./data-lock.ts";
import { startDatabase } from "./database-process.ts";
import { childEnvironment } from "./environment.ts";
import { ensureInternalToken } from "./internal-token.ts";
import type { Output } from "./output.ts";
import { endLeftovers, pidFiles } from "./pid-files.ts";
import { freePorts, waitForPort } from "./ports.ts";
import { prepareDatabase } from "./prepare-database.ts";
import { startRole } from "./role-process.ts";
import type { Role } from "./roles.ts";
import { type Life, type Supervised, supervise } from "./supervised.ts";

const PORT_PATIENCE_MS = 10_000;
const LEFTOVERS_PATIENCE_MS = 10_000;
const LOOK_AT_FOLDER_MS = 1_000;
/** What a person waits for first: the page, then live words. All at once, each would come as late as the last. */
const BY_URGENCY = ["gateway", "speech", "pusher", "worker"] as const satisfies readonly Role[];
/** A role that takes longer is not waited for: the next ones have work of their own. */
const HEAD_START_MS = 1_500;

export interface ServeOptions {
  readonly config: Config;
  /** The environment to hand on, with the settings as they were given. */
  readonly env: NodeJS.ProcessEnv;
  readonly programs: Readonly<Record<Role, string>>;
  readonly compileCache: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly output: Output;
  /** Gives up a start in progress. */
  readonly signal: AbortSignal;
}

export interface Serving {
  readonly dataDir: string;
  readonly gatewayPort: number;
  readonly ownerToken: string;
  /** Rejects with ExitError `dataGone` when the data folder goes away. Never resolves. */
  readonly lost: Promise<never>;
  /** Ends everything in order. Idempotent. */
  end(): Promise<void>;
}

/** Resolves when every child is ready. Throws ExitError or HoldfastError; then nothing is left running. */
export async function serve(options: ServeOptions): Promise<Serving> {
  const { config, clock, log, signal } = options;
  mkdirSync(config.HOLDFAST_DATA, { recursive: true, mode: 0o700 });
  const dataDir = realpathSync(config.HOLDFAST_DATA);
  const runDir = join(dataDir, "run");
  const endings: (() => Promise<void> | void)[] = [];
  let ended: Promise<void> | undefined;
  const end = (): Promise<void> => {
    ended ??= inReverse(endings);
    return ended;
  };
  try {
    const lock = await takeDataLock(dataDir);
    endings.push(() => lock.release());
    const lost = watchFolder(lock, clock, endings);
    await endLeftovers({
      runDir,
      programs: Object.values(options.programs),
      clock,
      log,
      patienceMs: LEFTOVERS_PATIENCE_MS,
    });
    if (config.HOLDFAST_PORT !== 0)
      await waitForPort(config.HOLDFAST_HOST, config.HOLDFAST_PORT, clock, PORT_PATIENCE_MS);
    stopIfAborted(signal);

    const databaseUrl = config.DATABASE_URL ?? (await startOwnDatabase(options, lock, dataDir, runDir, endings));
    stopIfAborted(signal);
    const env = await environmentOfChildren(options, dataDir, databaseUrl);
    const prepared = prepareDatabase(env);
    const children: Supervised[] = [];
    endings.push(() => endAll(children.filter(({ name }) => name !== "gateway")));
    endings.push(() => endAll(children.filter(({ name }) => name === "gateway")));
    endings.push(() => {
      for (const child of children) child.retire();
    });
    const begin = (name: Role): Supervised => {
      const child = superviseRole(name, options, env, runDir, prepared);
      children.push(child);
      return child;
    };
    const [first, ...others] = BY_URGENCY;
    const gateway = begin(first);
    const { ownerToken, migrations } = await prepared;
    if (migrations.length > 0) log.info({ event: "migrated", migrations }, "the database schema is up to date");
    await headStart(gateway, clock, signal);
    for (const name of others) await headStart(begin(name), clock, signal);
    const lives = await allReady(children, signal);
    return { dataDir, gatewayPort: lives.get("gateway")?.port ?? config.HOLDFAST_PORT, ownerToken, lost, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * The first start is not left to the restart policy: what keeps PostgreSQL from starting at all is something that a person
 * has to read. After that it is supervised like any child.
 */
async function startOwnDatabase(
  { clock, log }: ServeOptions,
  lock: DataLock,
  dataDir: string,
  runDir: string,
  endings: (() => Promise<void> | void)[],
): Promise<string> {
  const pids = pidFiles(runDir);
  const start = { dataDir, runDir, clock, log };
  const firstLife = await startDatabase(start, (pid) => pids.write("postgres", pid), new AbortController().signal);
  let first: Life | undefined = firstLife;
  const database = supervise({
    name: "postgres",
    clock,
    log,
    pids,
    async start(onPid, signal) {
      // A server that died because its folder went away must not be given a new, empty one.
      lock.assertHeld();
      const life = first ?? (await startDatabase(start, onPid, signal));
      first = undefined;
      return life;
    },
  });
  endings.push(() => database.end());
  log.info({ event: "postgres_ready", pid: firstLife.pid, url: firstLife.url }, "PostgreSQL is ready");
  return firstLife.url;
}

function watchFolder(lock: DataLock, clock: Clock, endings: (() => void)[]): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => {});
  const timer = clock.every(LOOK_AT_FOLDER_MS, () => {
    try {
      lock.assertHeld();
    } catch (error) {
      timer.cancel();
      reject(error);
    }
  });
  endings.push(() => timer.cancel());
  return promise;
}

async function environmentOfChildren(
  { config, env, compileCache }: ServeOptions,
  dataDir: string,
  databaseUrl: string,
): Promise<NodeJS.ProcessEnv> {
  const [pusherPort = 0, speechPort = 0, gatewayPort = 0] = await freePorts("127.0.0.1", 3);
  return childEnvironment({
    config,
    env,
    dataDir,
    databaseUrl,
    // Port 0 asks for any free one; it is chosen once, so that a restarted child is found where it was.
    gatewayPort: config.HOLDFAST_PORT || gatewayPort,
    pusherPort: (env.HOLDFAST_PUSHER_PORT && config.HOLDFAST_PUSHER_PORT) || pusherPort,
    speechPort: (env.HOLDFAST_SPEECH_PORT && config.HOLDFAST_SPEECH_PORT) || speechPort,
    internalToken: ensureInternalToken(dataDir),
    compileCache,
  });
}

function superviseRole(
  name: Role,
  { clock, log, output, programs }: ServeOptions,
  env: NodeJS.ProcessEnv,
  runDir: string,
  needs: Promise<unknown>,
): Supervised {
  return supervise({
    name,
    clock,
    log,
    pids: pidFiles(runDir),
    start: (onPid, signal) => startRole({ name, program: programs[name], env, clock, output, needs }, onPid, signal),
  });
}

async function headStart(child: Supervised, clock: Clock, signal: AbortSignal): Promise<void> {
  await Promise.race([child.ready, sleep(clock, HEAD_START_MS, signal)]);
  stopIfAborted(signal);
}

async function allReady(children: readonly Supervised[], signal: AbortSignal): Promise<Map<string, Life>> {
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(givenUp()), { once: true });
  });
  const lives = children.map(async ({ name, ready }): Promise<[string, Life]> => [name, await ready]);
  return new Map(await Promise.race([Promise.all(lives), aborted]));
}

async function endAll(children: readonly Supervised[]): Promise<void> {
  await Promise.all(children.map((child) => child.end()));
}

async function inReverse(endings: (() => Promise<void> | void)[]): Promise<void> {
  for (const ending of endings.reverse()) await ending();
}

function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw givenUp();
}

function givenUp(): ExitError {
  return new ExitError("the start was given up", EXIT.ok);
}
