/**
 * How a program of PostgreSQL is started for an account. Three ways, tried in this order:
 *  - `self`: an ordinary user runs it as himself;
 *  - `drop`: root starts it with the user and group of the account;
 *  - `namespace`: where the data lies below a folder that the account cannot enter (root's own home), in a user namespace
 *    in which root carries the number of the account: the files stay root's, and PostgreSQL does not see root.
 * Every program runs with a bare environment, in its own process group (a Ctrl-C in the terminal must not stop the
 * database before the gateway has drained) and from `/`, because the account may not be able to enter our own folder.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chownSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Account } from "./account.ts";
import { embeddedFailure } from "./failure.ts";
import { firstClosedFolder } from "./reach.ts";

export interface Runner {
  readonly way: "self" | "drop" | "namespace";
  readonly account: Account;
  /** Owner of the files of the server, as this process sees it. */
  readonly owner: { readonly uid: number; readonly gid: number };
  start(program: string, args: readonly string[]): ChildProcess;
}

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

export function makeRunner(account: Account, way: Runner["way"]): Runner {
  const root = { uid: 0, gid: 0 };
  const inNamespace = ["--user", `--map-user=${account.uid}`, `--map-group=${account.gid}`, "--"];
  return {
    way,
    account,
    owner: way === "namespace" ? root : { uid: account.uid, gid: account.gid },
    start: (program, args) =>
      spawn(
        way === "namespace" ? "unshare" : program,
        way === "namespace" ? [...inNamespace, program, ...args] : args,
        {
          cwd: "/",
          detached: true,
          env: { PATH: "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC", PGTZ: "UTC" },
          stdio: ["ignore", "pipe", "pipe"],
          ...(way === "drop" ? { uid: account.uid, gid: account.gid } : {}),
        },
      ),
  };
}

/** The way that works for a data folder: looks who can enter it, and tries the namespace where it is needed. */
export async function chooseRunner(account: Account, folder: string): Promise<Runner> {
  if (!account.other) return makeRunner(account, "self");
  const closed = firstClosedFolder(folder, account);
  if (closed === undefined) return makeRunner(account, "drop");
  const namespace = makeRunner(account, "namespace");
  if ((await run(namespace, "/bin/true", [])).code === 0) return namespace;
  throw embeddedFailure(
    "postgres_folder",
    `PostgreSQL does not run as root, and its account \`${account.name}\` cannot enter ${closed}; ` +
      "set HOLDFAST_DATA to a folder outside it (such as /var/lib/holdfast), or start Holdfast as an ordinary user",
  );
}

/** Runs a program to its end and gives what it said; a program that cannot be started has the code null. */
export function run(runner: Runner, program: string, args: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const child = runner.start(program, args);
    let output = "";
    child.stdout?.on("data", (data) => {
      output += String(data);
    });
    child.stderr?.on("data", (data) => {
      output += String(data);
    });
    child.on("error", (error) => resolve({ code: null, output: error.message }));
    child.on("close", (code) => resolve({ code, output: output.trim() }));
  });
}

/** Gives a folder and all in it to the owner, unless the folder is his already. Only root can give away. */
export function handOver(folder: string, owner: Runner["owner"]): void {
  if (process.getuid?.() !== 0 || lstatSync(folder).uid === owner.uid) return;
  for (const entry of readdirSync(folder, { recursive: true })) {
    const path = join(folder, String(entry));
    if (!lstatSync(path).isSymbolicLink()) chownSync(path, owner.uid, owner.gid);
  }
  // Last, so that an interrupted hand-over is done again.
  chownSync(folder, owner.uid, owner.gid);
}
