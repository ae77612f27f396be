/**
 * The folder of the database. It is made beside its place and renamed when it is whole, so that a kill in the middle of
 * initdb leaves nothing that looks like a cluster. The locale is PostgreSQL's own C.UTF-8: sorting then never depends on
 * libraries of the machine. Data checksums are on. Only the user that runs Holdfast may connect, by peer authentication.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DATABASE_USER } from "./connection.ts";
import { embeddedFailure } from "./failure.ts";
import { findByArgument } from "./process-facts.ts";
import { handOver, type Runner, run } from "./runner.ts";

const UNFINISHED = ".unfinished-";

/** Makes the cluster where there is none, and gives it to the owner of the server. */
export async function ensureCluster(cluster: string, bin: string, major: number, runner: Runner): Promise<void> {
  removeUnfinished(cluster);
  if (!existsSync(join(cluster, "PG_VERSION"))) {
    await createCluster(cluster, bin, major, runner);
    // A launcher killed between fork and exec leaves an initdb that nobody could name before, and that starts after the first look.
    removeUnfinished(cluster);
  }
  handOver(cluster, runner.owner);
  chmodSync(cluster, 0o700);
}

/** Writes who may connect, anew at each start: the user that runs Holdfast may change. */
export function writeAccess(cluster: string, users: readonly string[], runner: Runner): void {
  writeOwned(join(cluster, "pg_hba.conf"), `local all ${DATABASE_USER} peer map=holdfast\n`, runner);
  const lines = users.map((user) => `holdfast "${user.replaceAll('"', '""')}" ${DATABASE_USER}\n`);
  writeOwned(join(cluster, "pg_ident.conf"), lines.join(""), runner);
}

async function createCluster(cluster: string, bin: string, major: number, runner: Runner): Promise<void> {
  if (existsSync(cluster) && readdirSync(cluster).length > 0) {
    throw embeddedFailure("postgres_folder", `${cluster} is not empty and is not a PostgreSQL cluster; move it away`);
  }
  const unfinished = `${cluster}${UNFINISHED}${process.pid}`;
  mkdirSync(unfinished, { mode: 0o700 });
  if (runner.account.other) chownSync(unfinished, runner.owner.uid, runner.owner.gid);
  const { code, output } = await run(runner, join(bin, "initdb"), initdbArguments(unfinished, major));
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw embeddedFailure("postgres_init_failed", `PostgreSQL could not make its folder ${cluster}: ${output}`);
  }
  rmSync(cluster, { recursive: true, force: true });
  renameSync(unfinished, cluster);
  syncFolder(dirname(cluster));
}

function initdbArguments(folder: string, major: number): string[] {
  const locale =
    major >= 17 ? ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] : ["--locale=C.UTF-8"];
  return [
    ...[`--pgdata=${folder}`, `--username=${DATABASE_USER}`, "--encoding=UTF8", ...locale],
    ...["--auth-local=peer", "--auth-host=reject", "--data-checksums", "--wal-segsize=4", "--no-instructions"],
  ];
}

/** What a kill in the middle of initdb left: the program itself may still be at work, so it is ended first. */
function removeUnfinished(cluster: string): void {
  const prefix = `${basename(cluster)}${UNFINISHED}`;
  for (const name of readdirSync(dirname(cluster))) {
    if (!name.startsWith(prefix)) continue;
    const unfinished = join(dirname(cluster), name);
    for (const pid of findByArgument(`--pgdata=${unfinished}`)) process.kill(pid, "SIGKILL");
    rmSync(unfinished, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

function writeOwned(path: string, text: string, runner: Runner): void {
  writeFileSync(path, text, { mode: 0o600 });
  if (runner.account.other) chownSync(path, runner.owner.uid, runner.owner.gid);
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  fsyncSync(handle);
  closeSync(handle);
}
