/**
 * Makes the binaries from npm runnable. npm stores no symbolic links, so the package makes those of its libraries in an
 * install script; where scripts are off, we make them. Where the package cannot be written, or the account of the server
 * cannot enter it, the binaries are copied once into a cache beside the data.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import type { Binaries } from "./binaries.ts";
import { embeddedFailure } from "./failure.ts";
import { type Runner, run } from "./runner.ts";

interface Link {
  readonly source: string;
  readonly target: string;
}

/** The folder whose `bin` programs run for this runner. `cacheFolder` need not exist. */
export async function runnableFolder(binaries: Binaries, runner: Runner, cacheFolder: string): Promise<string> {
  const direct = await tryFolder(binaries.folder, binaries, runner);
  if (direct === undefined) return binaries.folder;
  if (binaries.source === "system") throw notRunnable(binaries.folder, direct);
  const copy = join(cacheFolder, `postgres-${binaries.major}`);
  if (!existsSync(copy)) copyFolder(binaries.folder, copy);
  const copied = await tryFolder(copy, binaries, runner);
  if (copied === undefined) return copy;
  throw notRunnable(copy, copied);
}

/** Makes the missing links below `folder`. Throws where it may not write there. */
export function makeLinks(folder: string): void {
  const list = join(folder, "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(readFileSync(list, "utf8")) as Link[]) {
    // The list names paths below `native`; the folder itself may be called otherwise when it is a copy.
    const path = join(folder, relative("native", target));
    if (!existsSync(path)) replaceLink(relative(dirname(target), source), path);
  }
}

function replaceLink(source: string, path: string): void {
  rmSync(path, { force: true });
  symlinkSync(source, path);
}

/** Undefined when the programs run; otherwise what was said. */
async function tryFolder(folder: string, binaries: Binaries, runner: Runner): Promise<string | undefined> {
  if (binaries.source === "npm") {
    try {
      makeLinks(folder);
    } catch {
      // A read-only installation; perhaps the links are there, the next line will tell.
    }
  }
  const { code, output } = await run(runner, join(folder, "bin", "postgres"), ["--version"]);
  return code === 0 ? undefined : output;
}

function copyFolder(from: string, to: string): void {
  const unfinished = `${to}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, unfinished, { recursive: true, verbatimSymlinks: true });
  renameSync(unfinished, to);
}

function notRunnable(folder: string, output: string): Error {
  return embeddedFailure("postgres_missing", `the PostgreSQL in ${folder} does not run here: ${output}`);
}
