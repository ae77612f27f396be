/** The live captures of one program, begun with one connection and ended together. */
import { HoldfastError } from "@holdfast/contract";
import type { SessionFacts } from "../log/capture/session.ts";
import type { SyncEngine } from "../sync/engine.ts";
import type { ListenSocketOptions } from "./listen-socket.ts";
import { type CaptureLog, LiveCapture } from "./live-capture.ts";

export type CaptureOptions = Pick<ListenSocketOptions, "language" | "source" | "conversationTimeoutSeconds"> &
  Omit<SessionFacts, "sessionId">;

export interface CapturesOptions {
  /** Where every frame is written before it is sent. */
  readonly log: CaptureLog;
  readonly engine: SyncEngine;
  readonly connection: Pick<ListenSocketOptions, "server" | "token" | "connect" | "clock" | "random">;
}

export class Captures {
  readonly #options: CapturesOptions;
  readonly #running = new Set<LiveCapture>();
  #isClosed = false;

  constructor(options: CapturesOptions) {
    this.#options = options;
  }

  /** Throws what the log says where there is no room, and HoldfastError `closed` behind `close`. */
  async begin(options: CaptureOptions): Promise<LiveCapture> {
    this.#assertOpen();
    const { language, source, conversationTimeoutSeconds, ...facts } = options;
    const { log, engine, connection } = this.#options;
    const capture: LiveCapture = await LiveCapture.begin({
      ...{ ...connection, log, engine, facts },
      stopped: () => void this.#running.delete(capture),
      ...(language === undefined ? {} : { language }),
      ...(source === undefined ? {} : { source }),
      ...(conversationTimeoutSeconds === undefined ? {} : { conversationTimeoutSeconds }),
    });
    this.#running.add(capture);
    if (this.#isClosed) {
      await capture.stop(0);
      this.#assertOpen();
    }
    return capture;
  }

  /** The sign-in was renewed. */
  signedIn(): void {
    for (const capture of this.#running) capture.signedIn();
  }

  /** Ends all of them without waiting for the server. A disk that takes nothing does not keep it from coming to its end. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#running].map((capture) => capture.stop(0)));
  }

  #assertOpen(): void {
    if (!this.#isClosed) return;
    throw new HoldfastError("the client was closed", { code: "closed", class: "permanent_input", scope: "service" });
  }
}
