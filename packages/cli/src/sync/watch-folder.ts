/**
 * A folder, and what is below it, as a source of recordings: `.bin` and ordinary sound files are taken into the log once they
 * have not changed for two seconds, whether they were there before or come later. Files are only read. What was taken is known
 * by its content, so a file that is taken again, or under another name, is nothing new.
 */
import { readdir, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { messageOf } from "@holdfast/contract";
import type { Clock, Timer } from "@holdfast/core";
import { EXIT, type ExitCode, ExitError } from "../exit-codes.ts";
import type { Account } from "../log/account.ts";
import { checkFile, importFile } from "./import-file.ts";

export interface WatchFolderOptions {
  readonly folder: string;
  readonly account: Account;
  readonly clock: Clock;
  readonly onTaken: (path: string, id: string, isNew: boolean) => void;
  readonly onRefused: (path: string, why: string) => void;
}

const STABLE_MS = 2_000;
const LOOK_MS = 1_000;
const SOUND = /\.(?:bin|wav|mp3|m4a|mp4|aac|ogg|oga|opus|webm|flac)$/i;

interface Seen {
  readonly bytes: number;
  readonly changedMs: number;
  readonly sinceMs: number;
  isDone: boolean;
}

export class FolderWatch {
  /** The worst of what was refused. */
  exit: ExitCode = EXIT.ok;
  readonly #options: WatchFolderOptions;
  readonly #seen = new Map<string, Seen>();
  #looking: Promise<void> = Promise.resolve();
  #hasLooked = false;
  #timer: Timer | undefined;

  constructor(options: WatchFolderOptions) {
    this.#options = options;
  }

  /** Throws ExitError `usage` where there is no such folder. Resolves when what is there was looked at once. */
  async start(): Promise<void> {
    const { folder, clock } = this.#options;
    const found = await stat(folder).catch(() => undefined);
    if (found?.isDirectory() !== true) throw new ExitError(`no such folder: ${folder}`, EXIT.usage);
    this.#timer = clock.every(LOOK_MS, () => {
      if (this.#hasLooked) void this.#look();
    });
    await this.#look();
  }

  /** Something is there that is not taken yet. */
  get isBusy(): boolean {
    return !this.#hasLooked || [...this.#seen.values()].some(({ isDone }) => !isDone);
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    await this.#looking;
  }

  #look(): Promise<void> {
    this.#hasLooked = false;
    this.#looking = this.#lookAtAll().finally(() => {
      this.#hasLooked = true;
    });
    return this.#looking;
  }

  async #lookAtAll(): Promise<void> {
    const paths = await filesBelow(this.#options.folder);
    const here = new Set(paths);
    for (const path of this.#seen.keys()) if (!here.has(path)) this.#seen.delete(path);
    for (const path of paths) await this.#lookAt(path);
  }

  async #lookAt(path: string): Promise<void> {
    const nowMs = this.#options.clock.now();
    const found = await stat(path).catch(() => undefined);
    if (found === undefined) return void this.#seen.delete(path);
    const before = this.#seen.get(path);
    const isSame = before?.bytes === found.size && before.changedMs === found.mtimeMs;
    const seen = isSame ? before : { bytes: found.size, changedMs: found.mtimeMs, sinceMs: nowMs, isDone: false };
    this.#seen.set(path, seen);
    // The system says how long nobody has touched it; where its clock is another one, we see for ourselves.
    const quietMs = Math.max(nowMs - found.ctimeMs, nowMs - seen.sinceMs);
    if (seen.isDone || quietMs < STABLE_MS) return;
    await this.#take(path);
    seen.isDone = true;
  }

  async #take(path: string): Promise<void> {
    const { folder, account, clock, onTaken, onRefused } = this.#options;
    const name = relative(folder, path);
    try {
      const file = await checkFile(path, clock.now());
      const { recording, isNew } = await importFile(account, file, clock.now());
      onTaken(name, recording.id, isNew);
    } catch (error) {
      this.exit = error instanceof ExitError ? error.exitCode : EXIT.failure;
      onRefused(name, messageOf(error));
    }
  }
}

/** Hidden files are what other programs write for a moment. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && SOUND.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !relative(folder, path)
          .split("/")
          .some((part) => part.startsWith(".")),
    )
    .sort();
}
