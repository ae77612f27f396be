/**
 * Everything of one account on one device, put together: the recording log, the engine that syncs it, live capture and the REST
 * client. One of these per program; it owns its store until it is closed, and may be killed at any moment.
 */
import { HoldfastError } from "@holdfast/contract";
import type { Clock, Random } from "@holdfast/core";
import { HoldfastApi } from "./api/api.ts";
import type { HttpOptions } from "./api/http.ts";
import type { ListenSocketOptions } from "./live/listen-socket.ts";
import { LiveCapture } from "./live/live-capture.ts";
import type { SessionFacts } from "./log/capture/session.ts";
import { RecordingLog, type RecordingLogOptions } from "./log/recording-log.ts";
import { SyncEngine, type SyncEngineOptions } from "./sync/engine.ts";

export type HoldfastClientOptions = Omit<HttpOptions, "clock"> &
  Omit<RecordingLogOptions, "clock" | "random"> &
  Pick<SyncEngineOptions, "environment" | "automatic" | "retentionDays"> & {
    readonly connect: ListenSocketOptions["connect"];
    readonly clock: Clock;
    readonly random: Random;
  };

export type CaptureOptions = Pick<ListenSocketOptions, "language" | "source" | "conversationTimeoutSeconds"> &
  Omit<SessionFacts, "sessionId">;

export class HoldfastClient implements AsyncDisposable {
  readonly api: HoldfastApi;
  readonly log: RecordingLog;
  readonly sync: SyncEngine;
  readonly #options: HoldfastClientOptions;
  readonly #captures = new Set<LiveCapture>();
  #closing: Promise<void> | undefined;

  private constructor(options: HoldfastClientOptions, log: RecordingLog) {
    this.#options = options;
    this.log = log;
    const { environment, automatic, retentionDays, clock, random } = options;
    this.api = new HoldfastApi(options);
    this.sync = new SyncEngine({
      ...{ log, http: options, clock, random },
      ...(environment === undefined ? {} : { environment }),
      ...(automatic === undefined ? {} : { automatic }),
      ...(retentionDays === undefined ? {} : { retentionDays }),
    });
    log.on((event) => {
      if (event.type === "recording_added" && event.recording.status === "miss") this.sync.wake("recording_sealed");
      if (event.type !== "recording_changed") return;
      const { recording, before } = event;
      if (recording.status === "miss" && before.status === "in_progress") this.sync.wake("recording_sealed");
    });
  }

  /** Opens the log and recovers it; syncing begins with `start`. Throws the HoldfastError of the store. */
  static async open(options: HoldfastClientOptions): Promise<HoldfastClient> {
    return new HoldfastClient(options, await RecordingLog.open(options));
  }

  start(): void {
    this.sync.start();
  }

  /** Begins a live capture; every frame is in the log before it is sent. Throws what the log says where there is no room. */
  async capture(options: CaptureOptions): Promise<LiveCapture> {
    const { language, source, conversationTimeoutSeconds, ...facts } = options;
    const { server, token, connect, clock, random } = this.#options;
    this.#assertOpen();
    const capture: LiveCapture = await LiveCapture.begin({
      stopped: () => void this.#captures.delete(capture),
      ...{ server, token, connect, clock, random, facts },
      ...{ log: this.log, engine: this.sync },
      ...(language === undefined ? {} : { language }),
      ...(source === undefined ? {} : { source }),
      ...(conversationTimeoutSeconds === undefined ? {} : { conversationTimeoutSeconds }),
    });
    this.#captures.add(capture);
    if (this.#closing !== undefined) {
      await capture.stop(0);
      this.#assertOpen();
    }
    return capture;
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
    // A disk that takes nothing must not keep the log from being given back.
    await Promise.allSettled([...this.#captures].map((capture) => capture.stop(0)));
    await this.sync.close();
    await this.log.close();
  }

  #assertOpen(): void {
    if (this.#closing === undefined) return;
    throw new HoldfastError("the client was closed", { code: "closed", class: "permanent_input", scope: "service" });
  }
}
