/**
 * Everything of one account on this machine for the length of one command: its logs, and the one engine that syncs them. The
 * command's own log takes what it records or imports; those of dead programs come along where that is asked for. Nothing here
 * is lost by the end of the process, however it comes.
 */
import {
  type CaptureOptions,
  Captures,
  type LiveCapture,
  type RecordingLog,
  SyncEngine,
  wakeWhenWhole,
} from "@holdfast/client";
import type { Clock, Random } from "@holdfast/core";
import { nodeConnect } from "../connection/node-connect.ts";
import type { ServerAccess } from "../connection/server.ts";
import { LEGACY, logRoot, serverFolder } from "./folders.ts";
import { askAccount, findAccount } from "./identity.ts";
import { JoinedLog } from "./joined-log.ts";
import { LogFolders, type OwnedLog } from "./log-folders.ts";

export interface AccountOptions {
  readonly server: ServerAccess;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  /** Logs of dead programs too, and not the first free one alone. */
  readonly leftovers: boolean;
  /** False: nothing is sent but what somebody asks for. */
  readonly automatic?: boolean;
}

/** Copies that the server confirmed are kept this long. */
const RETENTION_DAYS = 30;

export class Account implements AsyncDisposable {
  readonly uid: string;
  readonly log: JoinedLog;
  readonly engine: SyncEngine;
  /** Takes what this command records or imports. */
  readonly own: RecordingLog;
  readonly folders: LogFolders;
  readonly #options: AccountOptions;
  readonly #captures: Captures;
  #closing: Promise<void> | undefined;

  private constructor(options: AccountOptions, uid: string, folders: LogFolders, own: RecordingLog, log: JoinedLog) {
    const { server, clock, random } = options;
    this.#options = options;
    this.uid = uid;
    this.folders = folders;
    this.own = own;
    this.log = log;
    this.engine = new SyncEngine({
      ...{ log, http: server.http, clock, random, retentionDays: RETENTION_DAYS },
      ...(options.automatic === undefined ? {} : { automatic: options.automatic }),
    });
    const connection = { server: server.url, token: server.token, connect: nodeConnect, clock, random };
    this.#captures = new Captures({ log: own, engine: this.engine, connection });
    for (const each of log.logs) wakeWhenWhole(each, this.engine);
    if (uid === LEGACY) this.#claimWhenKnown(serverFolder(logRoot(options.env), server.url));
  }

  /** Throws the HoldfastError of the store, or of class `auth` where the server refuses the token. */
  static async open(options: AccountOptions): Promise<Account> {
    const { server, clock, random } = options;
    const folder = serverFolder(logRoot(options.env), server.url);
    const account = await findAccount(folder, server.token, server.api);
    const folders = new LogFolders({ folder, account, clock, random });
    const log = new JoinedLog();
    const own = await folders.first();
    log.add(own);
    if (options.leftovers) for (const other of await folders.free()) log.add(other);
    return new Account(options, account, folders, own, log);
  }

  /** From now on everything goes to the server; what was imported before goes together. */
  start(): void {
    this.engine.start();
  }

  /** Opens logs that became free since; resolves with their number. */
  async takeOver(): Promise<number> {
    const freed = await this.folders.free();
    for (const log of freed) {
      this.log.add(log);
      wakeWhenWhole(log, this.engine);
    }
    if (freed.length > 0) this.engine.wake("recording_sealed");
    return freed.length;
  }

  /** Logs of this account that other programs have open. */
  async elsewhere(): Promise<OwnedLog[]> {
    return await this.folders.owned();
  }

  capture(options: CaptureOptions): Promise<LiveCapture> {
    return this.#captures.begin(options);
  }

  /** Ends what runs without waiting for the server, and gives the logs back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#captures.close();
    await this.engine.close();
    for (const log of this.log.logs) await log.close();
  }

  /** The first success with the server tells that it is there to be asked. */
  #claimWhenKnown(folder: string): void {
    const { token, api } = this.#options.server;
    const off = this.engine.on((name) => {
      if (name !== "pass_finished") return;
      off();
      askAccount(folder, token, api)
        .then((uid) => (uid === undefined ? this.#claimWhenKnown(folder) : this.folders.claim(uid)))
        .catch(() => {});
    });
  }
}
