/**
 * Pictures of a live session (`image_chunk`): put together, stored with the job that will describe them, announced, and
 * announced again when the description is there. Nothing is looked at here: a pusher describes, and the store says when
 * (law L2). A picture that is whole is never thrown away, whatever it shows.
 */
import { createHash } from "node:crypto";
import { type ImageChunk, type ListenEvent, messageOf } from "@holdfast/contract";
import {
  addImagePiece,
  type Clock,
  emptyImageDesk,
  expireImages,
  type ImageDesk,
  type Log,
  sleep,
  type Timer,
} from "@holdfast/core";
import { addPhoto, type Db, deterministicUuid, type PhotoKey, settledPhotos } from "@holdfast/store";
import type { ConversationIdentity } from "./current-conversation.ts";
import { imageType } from "./image-type.ts";
import type { SerialWork } from "./serial-work.ts";

/** What it needs of the conversation keeper. */
export interface PictureHome {
  readonly acceptingId: string;
  /** The conversation got content that nobody said. */
  noticed(conversationId: string, nowMs: number): void;
  /** Notices an end that was decided elsewhere. */
  lookAfter(): Promise<void>;
}

export interface PicturesOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Log;
  readonly who: ConversationIdentity;
  readonly work: SerialWork;
  readonly home: () => PictureHome | undefined;
  readonly event: (event: ListenEvent) => void;
}

const LOOK_EVERY_MS = 1_000;
const FOLLOW_MS = 250;

/** Pictures of one session whose description is waited for; beyond it the oldest is announced by nobody. */
const MAX_PENDING = 1_000;

export class Pictures {
  readonly #options: PicturesOptions;
  readonly #pending = new Map<string, PhotoKey>();
  readonly #stop = new AbortController();
  /** Runs from the first picture on: most sessions send none. */
  #timer: Timer | undefined;
  #desk: ImageDesk = emptyImageDesk;
  #dropped = 0;
  #looking = false;

  constructor(options: PicturesOptions) {
    this.#options = options;
  }

  /** Pictures that did not become whole in time, or gave way to others. */
  get dropped(): number {
    return this.#dropped;
  }

  /** False where the chunk is invalid, which ends the session. */
  take(chunk: ImageChunk): boolean {
    const step = addImagePiece(this.#desk, chunk, this.#options.clock.now());
    if (step.outcome === "invalid") return false;
    this.#desk = step.next;
    this.#dropped += step.dropped;
    this.#timer ??= this.#options.clock.every(LOOK_EVERY_MS, () => this.#beat());
    if (step.outcome !== "complete") return true;
    const { id, parts } = step;
    const bytes = bytesOf(parts);
    const conversationId = this.#options.home()?.acceptingId;
    if (conversationId !== undefined) {
      this.#options.work.add(bytes.length, () => this.#store(id, bytes, conversationId));
    }
    return true;
  }

  close(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  /** In the conversation it was sent for; if that one ended meanwhile, in the one that takes content now. */
  async #store(tempId: string, bytes: Uint8Array, conversationId: string): Promise<void> {
    const { db, clock, who, event, home } = this.#options;
    const hash = createHash("sha256").update(bytes).digest("hex");
    const id = deterministicUuid(who.userId, who.recordingSessionId, "photo", tempId, hash);
    const photo = { userId: who.userId, id, contentType: imageType(bytes), bytes };
    let target = conversationId;
    while ((await addPhoto(db, { ...photo, conversationId: target, nowMs: clock.now() })) === "closed") {
      if (this.#stop.signal.aborted) throw new Error("the session ended before its picture was stored");
      await home()?.lookAfter();
      const next = home()?.acceptingId ?? target;
      if (next === target) await sleep(clock, FOLLOW_MS, this.#stop.signal);
      target = next;
    }
    home()?.noticed(target, clock.now());
    event({ type: "photo_processing", temp_id: tempId, photo_id: id });
    if (this.#pending.size < MAX_PENDING) this.#pending.set(id, { conversationId: target, id });
  }

  #beat(): void {
    const swept = expireImages(this.#desk, this.#options.clock.now());
    this.#desk = swept.next;
    this.#dropped += swept.dropped;
    if (this.#pending.size === 0 || this.#looking) return;
    this.#looking = true;
    this.#look()
      .catch((error: unknown) =>
        this.#options.log.debug({ error: messageOf(error) }, "looking for descriptions failed"),
      )
      .finally(() => {
        this.#looking = false;
      });
  }

  async #look(): Promise<void> {
    const { db, who, event } = this.#options;
    for (const { id, description, discarded } of await settledPhotos(db, who.userId, [...this.#pending.values()])) {
      if (this.#stop.signal.aborted || !this.#pending.delete(id)) continue;
      event({ type: "photo_described", photo_id: id, description, discarded });
    }
  }
}

/** The parts of one base64 text; clients that encode each part by itself pad each of them. */
function bytesOf(parts: readonly string[]): Uint8Array {
  const paddedInside = parts.slice(0, -1).some((part) => part.endsWith("="));
  if (!paddedInside) return Buffer.from(parts.join(""), "base64");
  return Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
}
