/**
 * The recording log of one account on one device: what is captured is written here first, always, and stays until the server
 * has said that it is part of a conversation and somebody removes it. It owns its store alone. Opening it recovers what a
 * crash left; everything it promises resolves when it would survive the end of the process, and is synced within a second.
 */
import { HoldfastError } from "@holdfast/contract";
import { type Clock, type Random, type RecordingEvent, stepRecording } from "@holdfast/core";
import type { SyncLog } from "../sync/sync-log.ts";
import { CaptureSession, type SessionFacts } from "./capture/session.ts";
import { LogEvents, type RecordingLogListener } from "./events.ts";
import type { Change, StoredRecording } from "./index-state.ts";
import { RecordIndex } from "./record-index.ts";
import type { Recording } from "./recording.ts";
import { type Recovered, type RecoveryReport, recover } from "./recover.ts";
import { DEFAULT_RESERVE_BYTES, SpaceGuard } from "./space-guard.ts";
import { fileMissing, type OpenStore, type StoreSpace } from "./store.ts";
import { contentOf, type RecordingContent } from "./transfer/content.ts";
import { Importer, type ImportResult } from "./transfer/import.ts";
import { exportOmiIndex, type FindFile, importOmiIndex, type OmiImport } from "./transfer/omi-index.ts";

export interface RecordingLogOptions {
  /** Becomes the log's own: it is closed with it, and where opening fails. */
  readonly store: OpenStore;
  /** Account whose recordings these are; those of others are kept and not shown. */
  readonly owner: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Room that nothing is begun with. Default 512 MiB. */
  readonly reserveBytes?: number;
  /** Frames that a session holds in memory while the store takes none. Default 3000, a minute of frames of 20 ms. */
  readonly maxHeldFrames?: number;
}

const DAY_MS = 86_400_000;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class RecordingLog implements SyncLog, AsyncDisposable {
  /** What opening found and did; still growing until `searched`. */
  readonly recovery: RecoveryReport;
  /**
   * Every file was looked at. Where naming tens of thousands of files takes seconds, `open` does not wait for that: recordings
   * that the index did not know, or that lost their bytes, are then told by events.
   */
  readonly searched: Promise<void>;
  readonly #options: RecordingLogOptions;
  readonly #index: RecordIndex;
  readonly #events: LogEvents;
  readonly #space: SpaceGuard;
  readonly #importer: Importer;
  /** Sessions that take frames, or whose frames the live path may still need. */
  readonly #sessions = new Set<CaptureSession>();
  #closing: Promise<void> | undefined;

  private constructor(options: RecordingLogOptions, index: RecordIndex, { report, searched }: Recovered) {
    this.recovery = report;
    this.searched = searched;
    this.#options = options;
    this.#index = index;
    this.#events = index.events;
    this.#space = new SpaceGuard(
      index.store,
      options.clock,
      index.events,
      options.reserveBytes ?? DEFAULT_RESERVE_BYTES,
    );
    this.#importer = new Importer(index, this.#space);
  }

  /** Throws the HoldfastError of the store. */
  static async open(options: RecordingLogOptions): Promise<RecordingLog> {
    const { store: opened, clock, owner } = options;
    try {
      const index = await RecordIndex.open({ store: opened.store, clock, owner, events: new LogEvents() });
      return new RecordingLog(options, index, await recover(index));
    } catch (error) {
      await opened.close();
      throw error;
    }
  }

  get recordings(): ReadonlyMap<string, Recording> {
    return this.#index.recordings;
  }

  /** Hears every event from now on; returns the way out. */
  on(listener: RecordingLogListener): () => void {
    return this.#events.on(listener);
  }

  /** `ask`: the person or the browser is asked to keep what is stored. */
  async space(ask = false): Promise<StoreSpace> {
    return await this.#index.store.space(ask);
  }

  /**
   * Begins a capture session. Without `sessionId` it gets a new one. Throws HoldfastError `storage_full` where what is recorded
   * could not be kept, `invalid_session` where the id is no UUID or was used before.
   */
  async begin(facts: Omit<SessionFacts, "sessionId"> & { readonly sessionId?: string }): Promise<CaptureSession> {
    const sessionId = (facts.sessionId ?? this.#options.random.uuid()).toLowerCase();
    const isUsed = [...this.#index.entries.values()].some((entry) => entry.sessionId === sessionId);
    if (!UUID.test(sessionId) || isUsed) {
      throw new HoldfastError("a capture session has a UUID of its own", {
        code: "invalid_session",
        class: "permanent_input",
      });
    }
    await this.#space.admit(0);
    const unwatch = this.#space.watch();
    const session = new CaptureSession(
      this.#index,
      { ...facts, sessionId },
      {
        maxHeldFrames: this.#options.maxHeldFrames ?? 3_000,
        sealed: unwatch,
        released: () => void this.#sessions.delete(session),
      },
    );
    this.#sessions.add(session);
    return session;
  }

  async apply(events: readonly (readonly [id: string, event: RecordingEvent])[]): Promise<void> {
    await this.#index.journal.change(() => {
      const states = new Map<string, StoredRecording>();
      for (const [id, event] of events) {
        const before = states.get(id) ?? this.#mine(id);
        if (before === undefined) continue;
        const after = stepRecording(before, event);
        if (after !== before) states.set(id, { ...before, ...after });
      }
      return [...states.values()].map(
        ({ id, status, attempts, lastAttemptAtMs, jobId, uploadedAtMs, syncedAtMs, batchId, reason }) => ({
          set: id,
          fields: { status, attempts, lastAttemptAtMs, jobId, uploadedAtMs, syncedAtMs, batchId, reason },
        }),
      );
    });
  }

  async sync(): Promise<void> {
    await this.#index.journal.sync();
  }

  async stamp(ids: readonly string[], conversationId: string): Promise<void> {
    await this.#index.journal.change(() =>
      ids
        .filter((id) => this.#mine(id)?.conversationId === null)
        .map((id) => ({ set: id, fields: { conversationId } })),
    );
  }

  async cameLive(sessionId: string, messages: number, conversationId: string | null): Promise<void> {
    // A session that is still open here counts for itself, so that a later seal does not count anew.
    for (const session of this.#sessions) if (session.id === sessionId) session.acknowledge(messages);
    const mine = [...this.#index.recordings.values()].filter((recording) => recording.sessionId === sessionId);
    await this.#index.journal.change(() =>
      mine.flatMap(({ id }) => {
        const entry = this.#mine(id);
        if (entry === undefined) return [];
        const delivered = Math.min(entry.frames, Math.max(entry.delivered, messages - entry.firstSequence));
        const isWhole = entry.status === "miss" && delivered === entry.frames;
        if (!isWhole) return delivered === entry.delivered ? [] : [{ set: id, fields: { delivered } }];
        const { status, batchId, reason } = stepRecording(entry, { type: "delivered" });
        return [{ set: id, fields: { delivered, status, batchId, reason } }];
      }),
    );
    if (conversationId === null) return;
    await this.stamp(
      mine.map(({ id }) => id),
      conversationId,
    );
  }

  async content(id: string): Promise<RecordingContent> {
    const recording = this.#mine(id);
    if (recording === undefined) throw fileMissing(id);
    return await contentOf(this.#index, recording, recording.delivered);
  }

  /** As `content`, with every frame. */
  async export(id: string): Promise<RecordingContent> {
    const recording = this.#mine(id);
    if (recording === undefined) throw fileMissing(id);
    return await contentOf(this.#index, recording, 0);
  }

  /**
   * What is being written stays, and so does what the live path may still have to send: a session is done with when everything
   * is acknowledged, or it is closed. An intent is written first, so that a crash in between leaves no recording without bytes.
   */
  async remove(ids: readonly string[]): Promise<void> {
    const live = new Set([...this.#sessions].map(({ id }) => id));
    const removable = ids.filter((id) => {
      const entry = this.#mine(id);
      if (entry === undefined || entry.status === "in_progress") return false;
      return entry.sessionId === null || !live.has(entry.sessionId) || entry.delivered === entry.frames;
    });
    await this.#removeAll(removable);
  }

  note(key: string): string | null {
    return this.#index.journal.state.notes.get(this.#index.noteKey(key)) ?? null;
  }

  async setNote(key: string, value: string | null): Promise<void> {
    const note = this.#index.noteKey(key);
    await this.#index.journal.change(() => (this.note(key) === value ? [] : [{ note, value }]));
  }

  /** Removes copies that the server confirmed more than `days` days ago, of all accounts, and nothing else. */
  async removeConfirmed(days: number): Promise<number> {
    const before = this.#options.clock.now() - days * DAY_MS;
    const ids = [...this.#index.entries.values()]
      .filter(({ status, syncedAtMs }) => status === "synced" && syncedAtMs > 0 && syncedAtMs < before)
      .map(({ id }) => id);
    if (ids.length === 0) return 0;
    await this.#removeAll(ids);
    const gone = ids.filter((id) => !this.#index.entries.has(id));
    this.#events.tell({ type: "copies_removed", days, ids: gone });
    return gone.length;
  }

  /** A `.bin` file; see `Importer.bin`. */
  async importBin(name: string, content: Blob): Promise<ImportResult> {
    return await this.#importer.bin(name, content);
  }

  /** An ordinary sound file; `startedAtMs`: when it was recorded, as far as one knows. */
  async importSound(name: string, content: Blob, startedAtMs: number): Promise<ImportResult> {
    return await this.#importer.sound(name, content, startedAtMs);
  }

  async importOmiIndex(json: string, find: FindFile): Promise<OmiImport> {
    return await importOmiIndex(this.#importer, json, find);
  }

  exportOmiIndex(nameOf: (recording: Recording) => string): string {
    return exportOmiIndex(this.#index.recordings.values(), nameOf, this.#options.clock.now());
  }

  /** Seals every session, syncs everything and gives the store back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      await this.searched;
      await this.#importer.close();
      for (const session of [...this.#sessions]) await session.close();
      await this.#index.journal.close();
      await this.#index.sync.all();
    } finally {
      this.#index.sync.stop();
      await this.#options.store.close();
    }
  }

  async #removeAll(ids: readonly string[]): Promise<void> {
    await this.#index.journal.change(() => ids.map((set) => ({ set, fields: { removing: true } })));
    await this.#index.journal.sync();
    const changes: Change[] = [];
    for (const id of ids) {
      const entry = this.#index.entries.get(id);
      if (entry === undefined) continue;
      try {
        await this.#index.store.remove(entry.file);
        this.#index.sync.forget(entry.file);
        changes.push({ drop: id });
      } catch (error) {
        this.#index.report(error);
        changes.push({ set: id, fields: { removing: false } });
      }
    }
    await this.#index.journal.change(() => changes);
  }

  /** Undefined for other accounts' and those that are being removed. */
  #mine(id: string): StoredRecording | undefined {
    const entry = this.#index.entries.get(id);
    return entry === undefined || entry.owner !== this.#index.owner || entry.removing === true ? undefined : entry;
  }
}
