/**
 * Everything of one account on one device, put together: the recording log, the engine that syncs it, live capture and the REST
 * client. One of these per program; it owns its store until it is closed, and may be killed at any moment.
 */
import type { Clock, Random } from "@holdfast/core";
import { HoldfastApi } from "./api/api.ts";
import type { HttpOptions } from "./api/http.ts";
import { type CaptureOptions, Captures } from "./live/captures.ts";
import type { ListenSocketOptions } from "./live/listen-socket.ts";
import type { LiveCapture } from "./live/live-capture.ts";
import { RecordingLog, type RecordingLogOptions } from "./log/recording-log.ts";
import { SyncEngine, type SyncEngineOptions } from "./sync/engine.ts";
import { wakeWhenWhole } from "./sync/wake-when-whole.ts";

export type HoldfastClientOptions = Omit<HttpOptions, "clock"> &
  Omit<RecordingLogOptions, "clock" | "random"> &
  Pick<SyncEngineOptions, "environment" | "automatic" | "retentionDays"> & {
    readonly connect: ListenSocketOptions["connect"];
    readonly clock: Clock;
    readonly random: Random;
  };

export class HoldfastClient implements AsyncDisposable {
  readonly api: HoldfastApi;
  readonly log: RecordingLog;
  readonly sync: SyncEngine;
  readonly #captures: Captures;
  #closing: Promise<void> | undefined;

  private constructor(options: HoldfastClientOptions, log: RecordingLog) {
    this.log = log;
    const { environment, automatic, retentionDays, server, token, connect, clock, random } = options;
    this.api = new HoldfastApi(options);
    this.sync = new SyncEngine({
      ...{ log, http: options, clock, random },
      ...(environment === undefined ? {} : { environment }),
      ...(automatic === undefined ? {} : { automatic }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    });
    this.#captures = new Captures({ log, engine: this.sync, connection: { server, token, connect, clock, random } });
    wakeWhenWhole(log, this.sync);
  }

  /** Opens the log and recovers it; syncing begins with `start`. Throws the HoldfastError of the store. */
  static async open(options: HoldfastClientOptions): Promise<HoldfastClient> {
    return new HoldfastClient(options, await RecordingLog.open(options));
  }

  start(): void {
    this.sync.start();
  }

  /** Begins a live capture; every frame is in the log before it is sent. Throws what the log says where there is no room. */
  capture(options: CaptureOptions): Promise<LiveCapture> {
    return this.#captures.begin(options);
  }

  /** The sign-in was renewed: what waited for it goes on, live and by upload. */
  signedIn(): void {
    this.sync.signedIn();
    this.#captures.signedIn();
  }

  /** Ends captures without waiting for the server, stops syncing, syncs the log to disk and gives it back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#captures.close();
    await this.sync.close();
    await this.log.close();
  }
}
