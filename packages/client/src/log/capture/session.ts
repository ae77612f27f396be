/**
 * One capture session: frames go into its files first, in order, each with a number that only rises. A frame is written at once
 * (frames that come while a write is under way go together with the next), and synced within a second and at the end. A file is
 * cut after a minute, at a change of format, and where wall time and counted sound disagree by more than two seconds.
 *
 * Where frames cannot be written they are held in memory and tried again; when that is full, new frames are refused a number
 * and counted as lost, and what comes after them begins a new file, so that no file is wrong about its time. `seal` writes and
 * ends what there is, to the last frame; what the server acknowledges later still counts.
 */
import { HoldfastError, isHoldfastError, SYNC } from "@holdfast/contract";
import { stepRecording, type Timer } from "@holdfast/core";
import { cutBefore, msOf, type SoundFormat, samplesOf } from "../format.ts";
import type { RecordIndex } from "../record-index.ts";
import type { SegmentFacts } from "../segment-format.ts";
import { storageFailed } from "../store.ts";
import { SessionMessages } from "./messages.ts";
import { recordingOf } from "./recording-of.ts";
import { Segment } from "./segment.ts";

/** What a session is about, besides its sound. */
export interface SessionFacts extends SoundFormat {
  /** UUID, the `client_conversation_id` of the live path. */
  readonly sessionId: string;
  readonly device: string;
  readonly deviceModel?: string | null;
  readonly conversationId?: string | null;
}

export interface SessionOptions {
  /** Frames held in memory while nothing can be written. */
  readonly maxHeldFrames: number;
  /** The session takes no more frames. */
  readonly sealed: () => void;
  /** Nobody needs its frames for the live path any more. */
  readonly released: () => void;
}

const RETRY_MS = 1_000;
/** Frames of one write. */
const MAX_RUN = 1_024;

export class CaptureSession implements AsyncDisposable {
  readonly id: string;
  /** For the live socket. */
  readonly messages: SessionMessages;
  readonly #index: RecordIndex;
  readonly #facts: SessionFacts;
  readonly #options: SessionOptions;
  readonly #queue: { readonly segment: Segment; readonly frame: Uint8Array }[] = [];
  /** Those that the live path may still acknowledge, in order. */
  #segments: Segment[] = [];
  readonly #finishing = new Set<Promise<void>>();
  #format: SoundFormat;
  #current: Segment | undefined;
  #taken = 0;
  #written = 0;
  #acknowledged = 0;
  #lost = 0;
  #lostTold = 0;
  #isSealed = false;
  #draining: Promise<void> | undefined;
  #stall: { readonly error: HoldfastError; readonly timer: Timer } | undefined;

  constructor(index: RecordIndex, facts: SessionFacts, options: SessionOptions) {
    this.id = facts.sessionId;
    this.#index = index;
    this.#facts = facts;
    this.#format = facts;
    this.#options = options;
    this.messages = new SessionMessages({
      store: index.store,
      append: (message) => this.append(message),
      acknowledge: (count) => this.acknowledge(count),
      report: (error) => index.report(error),
    });
  }

  /** Frames that were refused because neither disk nor memory had room. */
  get lostFrames(): number {
    return this.#lost;
  }

  /**
   * Takes a frame over; its bytes may not be changed any more. `atMs`: wall time at which its last sample was heard.
   * Throws HoldfastError `session_sealed`, or `invalid_frame` where no `.bin` file could hold it.
   */
  append(frame: Uint8Array, atMs: number = this.#index.clock.now()): void {
    if (this.#isSealed) throw refusal("session_sealed", "the capture session takes no more frames");
    if (frame.length === 0 || frame.length > SYNC.maxFrameBytes) {
      throw refusal("invalid_frame", `a frame has 1 to ${SYNC.maxFrameBytes} bytes, not ${frame.length}`);
    }
    if (this.#queue.length >= this.#options.maxHeldFrames) {
      this.#lose();
      return;
    }
    const segment = this.#segmentFor(frame, atMs);
    segment.expect(frame);
    this.#queue.push({ segment, frame });
    this.#taken += 1;
    if (this.#stall === undefined) this.#draining ??= this.#drain();
  }

  /** What comes from now on is of this format. */
  setFormat(format: SoundFormat): void {
    this.#format = format;
    this.#closeCurrent();
  }

  /** The server holds the first `count` frames of this session durably. Kept within seconds; never taken back. */
  acknowledge(count: number): void {
    const acknowledged = Math.min(count, this.#written);
    if (acknowledged <= this.#acknowledged) return;
    this.#acknowledged = acknowledged;
    for (const segment of this.#segments) if (segment.facts.firstSequence < acknowledged) this.#deliver(segment);
    this.messages.released(acknowledged);
    this.#segments = this.#segments.filter((segment) => !segment.isFinished || segment.end > acknowledged);
    if (this.#isSealed && acknowledged === this.#taken) this.#options.released();
  }

  /**
   * Resolves when every frame taken so far would survive the end of the process. Rejects with the HoldfastError of the storage
   * where they cannot be written now.
   */
  async flush(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#stall !== undefined) throw this.#stall.error;
      this.#draining ??= this.#drain();
      await this.#draining;
    }
  }

  /** Ends the recording that is being written, to its last frame, and goes on with the next: a conversation has ended. */
  async cut(): Promise<void> {
    this.#closeCurrent();
    await this.flush();
    await Promise.all(this.#finishing);
  }

  /** Takes no more frames, and resolves when every frame is written, synced and part of a sealed recording. */
  async seal(): Promise<void> {
    this.#isSealed = true;
    // A last try, without waiting for the next.
    this.#unstall();
    await this.cut();
    this.#options.sealed();
    if (this.#acknowledged === this.#taken) this.#options.released();
  }

  /** Seals, and nobody acknowledges any more. What cannot be written even now is lost, and told. Idempotent, never rejects. */
  async close(): Promise<void> {
    try {
      await this.seal();
    } catch {
      this.#unstall();
      this.#lost += this.#queue.length;
      this.#queue.length = 0;
      this.#tellLost();
      for (const segment of this.#segments) this.#finish(segment);
      await Promise.all(this.#finishing);
      this.#options.sealed();
    }
    this.#options.released();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #segmentFor(frame: Uint8Array, atMs: number): Segment {
    const firstSampleMs = atMs - msOf(this.#format, samplesOf(this.#format, frame));
    const current = this.#current;
    if (current === undefined) return this.#begin(firstSampleMs);
    const why = cutBefore(current, firstSampleMs);
    if (why === null) return current;
    const startMs = why === "length" ? current.startedAtMs + current.soundMs : firstSampleMs;
    this.#closeCurrent();
    return this.#begin(startMs);
  }

  #begin(startedAtMs: number): Segment {
    const { sessionId, device, deviceModel = null, conversationId = null } = this.#facts;
    const { codec, sampleRate, channels, frameSamples } = this.#format;
    const facts: SegmentFacts = {
      id: `${sessionId}-${this.#taken}`,
      kind: "frames",
      layout: "frames",
      owner: this.#index.owner,
      sessionId,
      conversationId,
      firstSequence: this.#taken,
      device,
      deviceModel,
      codec,
      sampleRate,
      channels,
      frameSamples,
      startedAtMs: this.#index.freeStart(device, startedAtMs),
      originalName: null,
      contentBytes: null,
    };
    const segment = new Segment(facts);
    this.#index.made.add(segment.file);
    this.#current = segment;
    this.#segments.push(segment);
    this.messages.begun(segment);
    return segment;
  }

  #closeCurrent(): void {
    const segment = this.#current;
    this.#current = undefined;
    if (segment === undefined) return;
    segment.isClosed = true;
    if (segment.waiting === 0) this.#finish(segment);
  }

  async #drain(): Promise<void> {
    try {
      for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
        const { segment } = first;
        const other = this.#queue.findIndex((entry) => entry.segment !== segment);
        const run = this.#queue.slice(0, Math.min(other === -1 ? this.#queue.length : other, MAX_RUN));
        await this.#write(
          segment,
          run.map(({ frame }) => frame),
        );
      }
    } catch (error) {
      this.#stalled(isHoldfastError(error) ? error : storageFailed("a frame could not be written", error));
    } finally {
      this.#draining = undefined;
    }
  }

  async #write(segment: Segment, frames: readonly Uint8Array[]): Promise<void> {
    const isFirst = segment.frames === 0;
    await segment.write(this.#index.store, frames);
    this.#queue.splice(0, frames.length);
    this.#written += frames.length;
    this.#index.sync.touch(segment.file);
    if (isFirst) {
      this.#index.journal.later([{ put: recordingOf(segment) }]);
      this.#index.journal.flush().catch((error: unknown) => this.#index.report(error));
    } else {
      this.#index.progress(segment.facts.id, countsOf(segment));
    }
    if (this.#stall === undefined && this.#lostTold < this.#lost) this.#tellLost();
    this.#index.events.tell({ type: "captured", sessionId: this.id, frames: this.#written });
    this.messages.written(frames);
    if (segment.isClosed && segment.waiting === 0) this.#finish(segment);
  }

  #finish(segment: Segment): void {
    if (segment.isFinished) return;
    segment.isClosed = true;
    segment.isFinished = true;
    const finishing = this.#seal(segment).finally(() => this.#finishing.delete(finishing));
    this.#finishing.add(finishing);
  }

  async #seal(segment: Segment): Promise<void> {
    this.messages.finished(segment);
    // Nothing of it was ever written.
    if (segment.frames === 0) return;
    const { id } = segment.facts;
    const { sync, journal } = this.#index;
    await sync.now(segment.file).catch((error: unknown) => this.#index.report(error));
    const entry = this.#index.entries.get(id);
    if (entry === undefined) return;
    const isDelivered = this.#deliveredOf(segment) === segment.frames;
    const state = stepRecording(entry, { type: "sealed", delivered: isDelivered });
    const { status } = state;
    journal.later([{ set: id, fields: { status, delivered: this.#deliveredOf(segment), ...countsOf(segment) } }]);
    await journal.flush().catch((error: unknown) => this.#index.report(error));
  }

  #deliver(segment: Segment): void {
    const entry = this.#index.entries.get(segment.facts.id);
    const delivered = this.#deliveredOf(segment);
    if (entry === undefined || entry.delivered >= delivered) return;
    const isWhole = segment.isFinished && delivered === segment.frames;
    const { status, batchId, reason } = isWhole ? stepRecording(entry, { type: "delivered" }) : entry;
    this.#index.journal.later([{ set: entry.id, fields: { delivered, status, batchId, reason } }]);
  }

  #deliveredOf(segment: Segment): number {
    return Math.max(0, Math.min(segment.frames, this.#acknowledged - segment.facts.firstSequence));
  }

  #stalled(error: HoldfastError): void {
    const isNew = this.#stall === undefined;
    const timer = this.#index.clock.after(RETRY_MS, () => void this.#retry());
    this.#stall = { error, timer };
    const heldFrames = this.#queue.length;
    if (isNew) this.#index.events.tell({ type: "capture_stalled", sessionId: this.id, error, heldFrames });
    this.#tellLost();
  }

  async #retry(): Promise<void> {
    const before = this.#stall;
    this.#draining ??= this.#drain();
    await this.#draining;
    if (this.#stall !== before) return;
    this.#stall = undefined;
    this.#index.events.tell({ type: "capture_resumed", sessionId: this.id, lostFrames: this.#lost });
  }

  #unstall(): void {
    this.#stall?.timer.cancel();
    this.#stall = undefined;
  }

  #lose(): void {
    this.#lost += 1;
    // What comes next is not where the counted sound would put it.
    this.#closeCurrent();
    if (this.#lostTold === 0) this.#tellLost();
  }

  #tellLost(): void {
    if (this.#lostTold === this.#lost) return;
    this.#lostTold = this.#lost;
    this.#index.events.tell({ type: "frames_lost", sessionId: this.id, lostFrames: this.#lost });
  }
}

function countsOf(segment: Segment): { frames: number; bytes: number; durationMs: number } {
  return { frames: segment.frames, bytes: segment.bytes, durationMs: segment.writtenMs };
}

function refusal(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}
