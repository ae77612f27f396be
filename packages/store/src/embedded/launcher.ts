/**
 * Starts the embedded PostgreSQL and hands back its address. Order: the account that runs it, the binaries that fit the
 * data, leftovers of a killed predecessor, the cluster, the server, until it accepts connections. After a crash the
 * backends of a dead server hold its shared memory for a moment longer; the start is then tried again.
 * The caller holds the lock of the data folder: two launchers on one folder are its mistake, not ours.
 */
import { mkdirSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { type Clock, type Log, sleep } from "@holdfast/core";
import { ownName, systemAccount } from "./account.ts";
import { chooseBinaries, clusterMajor, listBinaries } from "./binaries.ts";
import { ensureCluster, writeAccess } from "./cluster.ts";
import { clusterFolder, connectionUrl } from "./connection.ts";
import { runnableFolder } from "./native-folder.ts";
import { clearLeftovers } from "./postmaster.ts";
import { letThrough } from "./reach.ts";
import { chooseRunner } from "./runner.ts";
import { type ServerProcess, SharedMemoryHeld, startServer } from "./server-process.ts";
import { serverArguments } from "./settings.ts";
import { makeSocketFolder } from "./socket-folder.ts";

const RETRY_MS = 100;
const RETRY_DEADLINE_MS = 30_000;

export interface EmbeddedPostgresOptions {
  /** The data folder of Holdfast; the cluster is its `postgres` folder. */
  readonly dataDir: string;
  /** Folder for the socket, usually `<dataDir>/run`. */
  readonly runDir: string;
  readonly log: Log;
  readonly clock: Clock;
  /** Gives up the start. It does not stop a server that runs. */
  readonly signal?: AbortSignal;
}

export interface EmbeddedPostgres {
  /** Connection string, by Unix socket. */
  readonly url: string;
  readonly pid: number;
  /** Fast shutdown: sessions end, everything is written. Resolves when the process is gone. Idempotent. */
  stop(): Promise<void>;
  /** Calls once when the server ends, asked for or not; at once if it has ended. */
  onExit(call: (code: number | null) => void): void;
}

/** Throws HoldfastError `postgres_*` with what to do. */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { log, clock, signal } = options;
  const account = systemAccount();
  const [dataDir, runDir] = [options.dataDir, options.runDir].map((folder) => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (account.other) letThrough(folder, account);
    return realpathSync(folder);
  }) as [string, string];
  const cluster = clusterFolder(dataDir);

  const runner = await chooseRunner(account, dataDir);
  const binaries = chooseBinaries(listBinaries(), clusterMajor(cluster));
  const folder = await runnableFolder(binaries, runner, join(dataDir, "cache"));
  log.info(
    {
      event: "postgres_chosen",
      source: binaries.source,
      major: binaries.major,
      account: account.name,
      way: runner.way,
    },
    `PostgreSQL ${binaries.major} (${binaries.source}), run by ${account.name}`,
  );

  await clearLeftovers(cluster, clock, log);
  await ensureCluster(cluster, join(folder, "bin"), binaries.major, runner);
  writeAccess(cluster, [...new Set([ownName() ?? account.name, account.name])], runner);
  const socket = makeSocketFolder(runDir, runner);
  const launch = (): Promise<ServerProcess> =>
    startServer({
      child: runner.start(join(folder, "bin", "postgres"), serverArguments(cluster, socket.path, binaries.major)),
      cluster,
      clock,
      log,
      ...(signal === undefined ? {} : { signal }),
    });
  try {
    const server = await retryWhileMemoryIsHeld(launch, clock);
    server.onExit(() => socket.remove());
    return { url: connectionUrl(socket.path), ...server };
  } catch (error) {
    socket.remove();
    throw error;
  }
}

async function retryWhileMemoryIsHeld(launch: () => Promise<ServerProcess>, clock: Clock): Promise<ServerProcess> {
  const deadline = clock.now() + RETRY_DEADLINE_MS;
  for (;;) {
    try {
      return await launch();
    } catch (error) {
      if (!(error instanceof SharedMemoryHeld) || clock.now() > deadline) throw error;
      await sleep(clock, RETRY_MS);
    }
  }
}
