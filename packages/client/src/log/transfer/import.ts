/**
 * Brings recordings in: `.bin` files, whose name and frames are checked, and ordinary sound files of any kind. The content is
 * kept byte for byte behind a header of ours, is whole and synced before the index hears of it, and is one recording however
 * often it comes.
 */
import { HoldfastError, parseRecordingName, type RecordingName, SYNC } from "@holdfast/contract";
import { NEW_RECORDING } from "@holdfast/core";
import { segmentFile } from "../capture/segment.ts";
import { contentId, partsOf } from "../content-id.ts";
import type { StoredRecording } from "../index-state.ts";
import type { RecordIndex } from "../record-index.ts";
import type { RecordedCodec, Recording } from "../recording.ts";
import { encodeHeader, type SegmentFacts } from "../segment-format.ts";
import type { SpaceGuard } from "../space-guard.ts";
import { type SoundSize, soundOf } from "./sound-of.ts";

export interface ImportResult {
  readonly recording: Recording;
  /** False: the same content was here already. */
  readonly isNew: boolean;
  /** Bytes of a `.bin` behind its last whole frame; they are kept, but a server will not hear them. */
  readonly droppedBytes: number;
}

/** Where an import may differ from what its bytes say. */
export interface ImportAs {
  readonly device?: string;
  readonly deviceModel?: string | null;
  readonly fields?: Partial<StoredRecording>;
}

type Kept = Omit<SegmentFacts, "id" | "owner" | "contentBytes" | "layout" | "sessionId" | "firstSequence">;

export class Importer {
  readonly #index: RecordIndex;
  readonly #space: SpaceGuard;
  /** One after the other, so that the same file twice meets itself. */
  #turn: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(index: RecordIndex, space: SpaceGuard) {
    this.#index = index;
    this.#space = space;
  }

  /**
   * Throws HoldfastError: those of `parseRecordingName`, `payload_too_large`, `no_frames`, `storage_full`, `closed`, or what the
   * store says.
   */
  async bin(name: string, content: Blob, as: ImportAs = {}): Promise<ImportResult> {
    const parsed = parseRecordingName(name, this.#index.clock.now());
    if (content.size > SYNC.maxPartBytes) {
      throw refused("payload_too_large", `a recording may not be larger than ${SYNC.maxPartBytes} bytes`);
    }
    const facts: Kept = {
      kind: "frames",
      conversationId: as.fields?.conversationId ?? null,
      device: as.device ?? deviceOf(parsed),
      deviceModel: as.deviceModel ?? null,
      codec: codecOf(parsed),
      sampleRate: parsed.sampleRate,
      channels: 1,
      frameSamples: parsed.frameSamples,
      startedAtMs: Math.round(parsed.startedAtMs),
      originalName: name,
    };
    const size = soundOf(facts, new Uint8Array(await content.arrayBuffer()));
    if (size.frames === 0) throw refused("no_frames", `${name} holds no frame of sound`);
    return await this.#inTurn(facts, content, size, as);
  }

  /** `startedAtMs`: when it was recorded, as far as one knows. */
  async sound(name: string, content: Blob, startedAtMs: number): Promise<ImportResult> {
    if (content.size === 0) throw refused("no_frames", `${name} is empty`);
    const facts: Kept = {
      kind: "sound",
      conversationId: null,
      device: "file",
      deviceModel: null,
      codec: "pcm16",
      sampleRate: 16_000,
      channels: 1,
      frameSamples: 0,
      startedAtMs,
      originalName: name,
    };
    return await this.#inTurn(facts, content, { frames: 0, durationMs: 0, droppedBytes: 0 }, {});
  }

  /** An import that is under way is given up, and nothing is left of it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#turn;
  }

  async #inTurn(kept: Kept, content: Blob, size: SoundSize, as: ImportAs): Promise<ImportResult> {
    const turn = this.#turn.then(() => this.#keep(kept, content, size, as));
    this.#turn = turn.catch(() => undefined);
    return await turn;
  }

  async #keep(
    kept: Kept,
    content: Blob,
    { frames, durationMs, droppedBytes }: SoundSize,
    as: ImportAs,
  ): Promise<ImportResult> {
    const index = this.#index;
    this.#assertOpen();
    const id = await contentId(index.owner, content);
    const known = index.recordings.get(id);
    if (known !== undefined && known.status !== "corrupted") return { recording: known, isNew: false, droppedBytes };
    await this.#space.admit(content.size);
    const facts: SegmentFacts = {
      ...kept,
      id,
      layout: "raw",
      owner: index.owner,
      sessionId: null,
      firstSequence: 0,
      startedAtMs: known?.startedAtMs ?? index.freeStart(kept.device, kept.startedAtMs),
      contentBytes: content.size,
    };
    const file = segmentFile(id);
    index.made.add(file);
    const bytes = await this.#write(file, encodeHeader(facts), content);
    const { layout, contentBytes, ...about } = facts;
    const recording: StoredRecording = {
      ...NEW_RECORDING,
      ...about,
      ...as.fields,
      file,
      frames,
      bytes,
      durationMs,
      delivered: 0,
      status: as.fields?.status ?? "miss",
    };
    await index.journal.change(() => [{ put: recording }]);
    return { recording, isNew: true, droppedBytes };
  }

  #assertOpen(): void {
    if (this.#isClosed) throw refused("closed", "the recording log was closed");
  }

  /** A part that was written is removed again where the rest cannot be. */
  async #write(file: string, header: Uint8Array, content: Blob): Promise<number> {
    const { store } = this.#index;
    let at = 0;
    try {
      await store.write(file, 0, header);
      at = header.length;
      for await (const part of partsOf(content)) {
        this.#assertOpen();
        await store.write(file, at, part);
        at += part.length;
      }
      await store.sync(file);
      return at;
    } catch (error) {
      await store.remove(file).catch((also: unknown) => this.#index.report(also));
      throw error;
    }
  }
}

function codecOf({ codec, frameSamples }: RecordingName): RecordedCodec {
  return codec === "opus" && frameSamples === 320 ? "opus_fs320" : codec;
}

/** The second part of the name is the device, where it is a name as Omi gives it. */
function deviceOf({ name, source }: RecordingName): string {
  return /^audio_([a-z0-9]+)_/.exec(name)?.[1] ?? source;
}

function refused(code: string, message: string): HoldfastError {
  return new HoldfastError(message, { code, class: "permanent_input" });
}
