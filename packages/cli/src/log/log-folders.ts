/**
 * The numbered logs of one account. A program takes the first that is free and makes a new one where none is, so that several
 * commands record and send side by side; what a dead program left is in a free log, and whoever opens that sends it. Logs of
 * nobody (`legacy`) belong to the account that opens them first: a file beside each says which it was, for good.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RecordingLog } from "@holdfast/client";
import { openFileStore } from "@holdfast/client/node";
import { isHoldfastError } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import { accountName, LEGACY } from "./folders.ts";

export interface LogFoldersOptions {
  /** Folder of the server. */
  readonly folder: string;
  /** Account, or `legacy`. */
  readonly account: string;
  readonly clock: Clock;
  readonly random: Random;
}

/** A log that another program has open. */
export interface OwnedLog {
  readonly folder: string;
  /** Its owner; null where that cannot be read. */
  readonly pid: number | null;
}

const NAME = /^log-(\d+)$/;
/** What the owner of a log leaves in it while it has it open. */
const LOCK = /^lock\.\d+$/;

export class LogFolders {
  readonly #options: LogFoldersOptions;
  /** Folders of logs that this program has open. */
  readonly #mine = new Set<string>();

  constructor(options: LogFoldersOptions) {
    this.#options = options;
  }

  /** Folder of this account's logs. */
  get folder(): string {
    return join(this.#options.folder, accountName(this.#options.account));
  }

  /** Opens the first log that is free, or a new one. Throws the HoldfastError of the store. */
  async first(): Promise<RecordingLog> {
    for (let number = 1; ; number++) {
      const log = await this.#open(join(this.folder, `log-${number}`), this.#options.account);
      if (log !== undefined) return log;
    }
  }

  /** Opens every log of this account, and of nobody, that exists and is free. */
  async free(): Promise<RecordingLog[]> {
    const logs: RecordingLog[] = [];
    for (const { folder, owner } of await this.#known()) {
      if (this.#mine.has(folder)) continue;
      const log = await this.#open(folder, owner);
      if (log !== undefined) logs.push(log);
    }
    return logs;
  }

  /** Logs that other programs have open. */
  async owned(): Promise<OwnedLog[]> {
    const owned: OwnedLog[] = [];
    for (const { folder } of await this.#known()) {
      if (this.#mine.has(folder)) continue;
      const locks = (await readdir(folder).catch(() => [] as string[])).filter((name) => LOCK.test(name)).sort();
      const lock = locks.at(-1);
      if (lock === undefined) continue;
      const text = await readFile(join(folder, lock), "utf8").catch(() => "");
      owned.push({ folder, pid: pidIn(text) });
    }
    return owned;
  }

  /** It turned out who made the recordings of nobody that this program has open. */
  async claim(uid: string): Promise<void> {
    for (const folder of this.#mine) if (folder.startsWith(this.#legacy)) await claim(folder, accountName(uid));
  }

  get #legacy(): string {
    return join(this.#options.folder, LEGACY);
  }

  async #known(): Promise<{ readonly folder: string; readonly owner: string }[]> {
    const { account } = this.#options;
    const mine = (await numbered(this.folder)).map((folder) => ({ folder, owner: account }));
    if (account === LEGACY) return mine;
    return [...mine, ...(await numbered(this.#legacy)).map((folder) => ({ folder, owner: LEGACY }))];
  }

  /** Undefined where it belongs to another program or account. */
  async #open(folder: string, owner: string): Promise<RecordingLog | undefined> {
    const { account, clock, random } = this.#options;
    if (owner === LEGACY && (await isAnothers(folder, account))) return undefined;
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    try {
      const store = await openFileStore(folder, random.uuid());
      if (owner === LEGACY && account !== LEGACY && !(await claim(folder, accountName(account)))) {
        await store.close();
        return undefined;
      }
      const log = await RecordingLog.open({ store, owner, clock, random });
      this.#mine.add(folder);
      return log;
    } catch (error) {
      if (isHoldfastError(error) && error.code === "log_in_use") return undefined;
      throw error;
    }
  }
}

async function isAnothers(folder: string, account: string): Promise<boolean> {
  const owner = await claimantOf(folder);
  return owner !== undefined && (account === LEGACY || owner !== accountName(account));
}

/** True where it is this account's now. */
async function claim(folder: string, name: string): Promise<boolean> {
  await writeFile(`${folder}.account`, name, { mode: 0o600, flag: "wx" }).catch(() => {});
  return (await claimantOf(folder)) === name;
}

async function claimantOf(folder: string): Promise<string | undefined> {
  return await readFile(`${folder}.account`, "utf8").catch(() => undefined);
}

/** In the order of their numbers. */
async function numbered(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const numberOf = (name: string): number => Number(NAME.exec(name)?.[1]);
  return names
    .filter((name) => NAME.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b))
    .map((name) => join(folder, name));
}

function pidIn(text: string): number | null {
  try {
    const { pid } = JSON.parse(text) as { readonly pid?: unknown };
    return typeof pid === "number" ? pid : null;
  } catch {
    return null;
  }
}
