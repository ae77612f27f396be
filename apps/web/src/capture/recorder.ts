/**
 * Runs one recording: microphone, and what the person shares beside it → encoder → log and live link, and the end of it: the last frame is flushed, everything is in
 * the log for good, and where the server holds all of it the conversation is stopped. What it does not hold yet is uploaded by
 * itself; the recording is over nevertheless. Decisions are made in recording-state.ts; this class does what they say and publishes the state to the page (`useSyncExternalStore`).
 * It lives above the routes: walking through the conversations does not end a recording.
 */
import { createEncoder, type FrameEncoder } from "./encoder.ts";
import { FRAME_MS } from "./frame.ts";
import type { LiveLink, LiveLinkListener } from "./live-link.ts";
import type { Microphone, MicrophoneListener } from "./microphone.ts";
import { CaptureError } from "./problem.ts";
import { IDLE, type RecordingEvent, type RecordingState, type Shared, step } from "./recording-state.ts";
import type { SharedSound } from "./shared-sound.ts";

export interface RecorderDeps {
  openMicrophone(listener: MicrophoneListener): Promise<Microphone>;
  /** Throws CaptureError where what is recorded could not be kept. */
  openLink(codec: FrameEncoder["codec"], listener: LiveLinkListener): Promise<LiveLink>;
  /** Ends the conversation in progress. Resolves with its id, or null where there is none. */
  stopConversation(id: string | null): Promise<string | null>;
  nowMs(): number;
}

/** The page is drawn anew at most this often for the counters of a running recording. */
const COUNTER_INTERVAL_MS = 200;

interface Session {
  readonly encoder: FrameEncoder;
  readonly link: LiveLink;
  readonly microphone: Microphone;
}

export class Recorder {
  readonly #deps: RecorderDeps;
  readonly #listeners = new Set<() => void>();
  #state: RecordingState = IDLE;
  #session: Session | null = null;
  #shared: { readonly sound: SharedSound; readonly leave: () => void } | null = null;
  #messages = 0;
  #ending: Promise<void> = Promise.resolve();
  /** Loudness of the newest frame, 0 to 1; read by the meter once per drawn picture. */
  level = 0;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): RecordingState => this.#state;

  /** Never rejects: what goes wrong is in the state. */
  async start(): Promise<void> {
    if (this.#apply({ type: "press_record" })) await this.#begin(null);
  }

  /**
   * Takes in what the person shares beside the microphone; where no recording runs, one begins with it. Browsers ask only in the
   * handler of a click. `open` gives null where the person gave up. Never rejects.
   */
  async share(open: () => Promise<SharedSound | null>): Promise<void> {
    const isRunning = this.#state.phase === "recording";
    if (!isRunning && !this.#apply({ type: "press_record" })) return;
    try {
      const sound = await open();
      if (isRunning) this.#mix(sound);
      else if (sound === null) this.#apply({ type: "given_up" });
      else await this.#begin(sound);
    } catch (error) {
      if (isRunning) this.#apply({ type: "shared", shared: "silent" });
      else this.#apply({ type: "failed", problem: problemOf(error) });
    }
  }

  /** The microphone goes on. */
  unshare(): void {
    this.#leaveShared("off");
  }

  async #begin(sound: SharedSound | null): Promise<void> {
    this.#messages = 0;
    try {
      this.#session = await this.#open();
      const ready = this.#apply({ type: "microphone_ready", atMs: this.#deps.nowMs() });
      this.#mix(sound);
      if (ready) return;
      // The microphone went away while the link was being made.
      const { link } = this.#session;
      await this.#release();
      await link.finish();
    } catch (error) {
      sound?.stop();
      this.#apply({ type: "failed", problem: problemOf(error) });
    }
  }

  /** What comes too late is given back. */
  #mix(sound: SharedSound | null): void {
    if (sound === null) return;
    const session = this.#session;
    if (session === null || this.#shared !== null || this.#state.phase !== "recording") {
      sound.stop();
      return;
    }
    try {
      this.#shared = { sound, leave: session.microphone.mix(sound.stream) };
    } catch {
      // Some browsers mix only sound of one sample rate.
      sound.stop();
      this.#apply({ type: "shared", shared: "silent" });
      return;
    }
    this.#apply({ type: "shared", shared: "on" });
    void sound.ended.then(() => {
      if (this.#shared?.sound === sound) this.#leaveShared("ended");
    });
  }

  #leaveShared(shared: Shared): void {
    if (this.#shared === null) return;
    const { sound, leave } = this.#shared;
    this.#shared = null;
    leave();
    sound.stop();
    this.#apply({ type: "shared", shared });
  }

  async stop(): Promise<void> {
    if (this.#apply({ type: "press_stop" })) this.#ending = this.#finish();
    await this.#ending;
  }

  dismiss(): void {
    this.#apply({ type: "dismiss" });
  }

  async #open(): Promise<Session> {
    const early: Uint8Array[] = [];
    let link: LiveLink | undefined;
    const encoder = await createEncoder({
      onMessage: (message) => {
        this.#count();
        if (link === undefined) early.push(message);
        else link.send(message);
      },
      onError: () => void this.#abort("encoder_failed"),
    });
    let microphone: Microphone | undefined;
    try {
      microphone = await this.#deps.openMicrophone({
        onFrame: (samples, level) => {
          this.level = level;
          encoder.encode(samples);
        },
        onOther: (isOther) => void this.#apply({ type: "microphone", isOther }),
        onLost: () => void this.#abort("microphone_lost"),
      });
      const opened = await this.#deps.openLink(encoder.codec, this.#linkListener());
      for (const message of early) opened.send(message);
      link = opened;
      return { encoder, link, microphone };
    } catch (error) {
      await microphone?.stop();
      encoder.close();
      throw error;
    }
  }

  #count(): void {
    this.#messages += 1;
    const ms = this.#messages * FRAME_MS;
    if (ms % COUNTER_INTERVAL_MS === 0) this.#apply({ type: "captured", ms });
  }

  #linkListener(): LiveLinkListener {
    return {
      onState: (link) => void this.#apply({ type: "link", link }),
      onTranscription: (transcription) => void this.#apply({ type: "transcription", transcription }),
      onSegments: (segments) => void this.#apply({ type: "segments", segments }),
      onSegmentsDeleted: (ids) => void this.#apply({ type: "segments_deleted", ids }),
      onConversation: (id) => void this.#apply({ type: "conversation", id }),
      onSafe: (messages) => void this.#apply({ type: "safe", ms: messages * FRAME_MS }),
      onStorage: (storage) => void this.#apply({ type: "storage", storage }),
    };
  }

  /** A fault while recording: what was captured is still delivered. */
  async #abort(problem: CaptureError["problem"]): Promise<void> {
    const was = this.#state.phase;
    if (!this.#apply({ type: "failed", problem })) return;
    if (was !== "recording") return await this.#release();
    this.#ending = this.#finish();
    await this.#ending;
  }

  async #finish(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    await session.microphone.stop();
    this.#leaveShared("off");
    await session.encoder.flush().catch(() => undefined);
    this.level = 0;
    this.#apply({ type: "captured", ms: this.#messages * FRAME_MS });
    await this.#deliver(session.link);
    await this.#release();
  }

  /** Where the server holds everything the conversation ends now; else it ends by itself, when the rest has come. */
  async #deliver(link: LiveLink): Promise<void> {
    let isKept: boolean;
    try {
      isKept = !(await link.finish());
    } catch {
      this.#apply({ type: "failed", problem: "end_not_kept" });
      return;
    }
    try {
      const conversationId = isKept ? null : await this.#deps.stopConversation(this.#state.conversationId);
      this.#apply({ type: "stopped", conversationId, isKept });
    } catch {
      this.#apply({ type: "failed", problem: "stop_failed" });
    }
  }

  async #release(): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session === null) return;
    await session.microphone.stop();
    this.#leaveShared("off");
    session.encoder.close();
  }

  /** True where the event changed the state. */
  #apply(event: RecordingEvent): boolean {
    const next = step(this.#state, event);
    if (next === this.#state) return false;
    this.#state = next;
    for (const listener of this.#listeners) listener();
    return true;
  }
}

function problemOf(error: unknown): CaptureError["problem"] {
  return error instanceof CaptureError ? error.problem : "unsupported";
}
