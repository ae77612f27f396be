/** A recording log in memory that steps recordings by the real machine; `spoil` takes the bytes of one away. */
import { HoldfastError } from "@holdfast/contract";
import { NEW_RECORDING, type RecordingEvent, stepRecording } from "@holdfast/core";
import type { Recording } from "../../src/log/recording.ts";
import type { SyncLog, UploadContent } from "../../src/sync/sync-log.ts";

export class MemorySyncLog implements SyncLog {
  readonly recordings = new Map<string, Recording>();
  readonly notes = new Map<string, string>();
  readonly #spoiled = new Set<string>();

  /** A whole recording that waits for its upload. */
  add(id: string, facts: Partial<Recording> = {}): void {
    this.recordings.set(id, {
      ...NEW_RECORDING,
      ...{ id, kind: "frames", file: `${id}.seg`, owner: "me", sessionId: null, firstSequence: 0, device: "phone" },
      ...{ deviceModel: null, codec: "opus_fs320", sampleRate: 16_000, channels: 1, frameSamples: 320 },
      ...{ startedAtMs: 1_789_999_000_000, originalName: null, frames: 50, bytes: 100, durationMs: 1_000 },
      ...{ delivered: 0, conversationId: null, status: "miss" },
      ...facts,
    });
  }

  spoil(id: string): void {
    this.#spoiled.add(id);
  }

  get(id: string): Recording {
    const recording = this.recordings.get(id);
    if (recording === undefined) throw new Error(`no recording ${id}`);
    return recording;
  }

  async apply(events: readonly (readonly [string, RecordingEvent])[]): Promise<void> {
    for (const [id, event] of events) {
      const recording = this.recordings.get(id);
      if (recording !== undefined) this.recordings.set(id, { ...recording, ...stepRecording(recording, event) });
    }
  }

  async sync(): Promise<void> {}

  async stamp(ids: readonly string[], conversationId: string): Promise<void> {
    for (const id of ids) {
      const recording = this.recordings.get(id);
      if (recording?.conversationId === null) this.recordings.set(id, { ...recording, conversationId });
    }
  }

  async cameLive(sessionId: string, messages: number, conversationId: string | null): Promise<void> {
    for (const recording of [...this.recordings.values()].filter((each) => each.sessionId === sessionId)) {
      const delivered = Math.min(recording.frames, Math.max(recording.delivered, messages - recording.firstSequence));
      this.recordings.set(recording.id, { ...recording, delivered });
      if (delivered === recording.frames) await this.apply([[recording.id, { type: "delivered" }]]);
      if (conversationId !== null) await this.stamp([recording.id], conversationId);
    }
  }

  async content(id: string): Promise<UploadContent> {
    if (this.#spoiled.has(id)) {
      throw new HoldfastError("gone", { code: "file_missing", class: "permanent_input" });
    }
    const { kind, bytes } = this.get(id);
    return { name: kind === "sound" ? `${id}.wav` : `${id}_1.bin`, content: new Blob([new Uint8Array(bytes)]) };
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.recordings.delete(id);
  }

  /** Confirmed before this moment in Unix milliseconds less the days. */
  now: () => number = () => 0;

  async removeConfirmed(days: number): Promise<number> {
    const before = this.now() - days * 86_400_000;
    const old = [...this.recordings.values()].filter(
      ({ status, syncedAtMs }) => status === "synced" && syncedAtMs > 0 && syncedAtMs < before,
    );
    for (const { id } of old) this.recordings.delete(id);
    return old.length;
  }

  note(key: string): string | null {
    return this.notes.get(key) ?? null;
  }

  async setNote(key: string, value: string | null): Promise<void> {
    if (value === null) this.notes.delete(key);
    else this.notes.set(key, value);
  }
}
