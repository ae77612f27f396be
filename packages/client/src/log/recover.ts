/**
 * What happens to a log before anybody sees it. Recordings whose writer is gone are sealed with what their files hold, a torn
 * tail is cut off; files without an entry become recordings again; removals that were begun are finished; entries whose bytes
 * are gone say so. Everything is told in the report, nothing is dropped in silence.
 */
import { isHoldfastError } from "@holdfast/contract";
import { stepRecording } from "@holdfast/core";
import { concat } from "./bytes.ts";
import { recordingOf } from "./capture/recording-of.ts";
import { segmentFile } from "./capture/segment.ts";
import { contentId } from "./content-id.ts";
import { msOf, samplesOf } from "./format.ts";
import type { Change, StoredRecording } from "./index-state.ts";
import type { RecordIndex } from "./record-index.ts";
import { decodeHeader, type SegmentHeader, scanFrames } from "./segment-format.ts";
import { soundOf } from "./transfer/sound-of.ts";

export interface RecoveryReport {
  /** Recordings of this account. */
  readonly recordings: number;
  /** Recordings of other accounts, kept and not shown. */
  readonly parked: number;
  /** Recordings that were being written when their writer ended. */
  readonly sealed: readonly string[];
  /** Recordings that the index did not know. */
  readonly adopted: readonly string[];
  /** Recordings that were announced and hold nothing, and removals that were finished. */
  readonly removed: readonly string[];
  /** Recordings whose bytes are gone or unreadable. */
  readonly missing: readonly string[];
  /** Files that hold no recording that could be read. They are kept. */
  readonly unreadable: readonly string[];
  /** Bytes at the ends of files that did not check out. */
  readonly dropped: readonly { readonly file: string; readonly bytes: number }[];
  /** Generations of the index that could not be used. */
  readonly wrongIndexes: readonly string[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer U)[] ? U[] : T[K] };

const ENDING = ".seg";

export interface Recovered {
  /** Grows while files are looked for. */
  readonly report: RecoveryReport;
  /** Every file was looked at. Never rejects. */
  readonly searched: Promise<void>;
}

/** Resolves when the index is right; where listing takes long, files are looked for afterwards, beside everything else. */
export async function recover(index: RecordIndex): Promise<Recovered> {
  const { wrong, droppedBytes } = index.journal.report;
  const report: Mutable<RecoveryReport> = {
    recordings: 0,
    parked: 0,
    sealed: [],
    adopted: [],
    removed: [],
    missing: [],
    unreadable: [],
    dropped: droppedBytes > 0 ? [{ file: "index", bytes: droppedBytes }] : [],
    wrongIndexes: [...wrong],
  };
  const recovery = new Recovery(index, report);
  await recovery.settleEntries();
  const search = recovery.searchFiles();
  if (index.store.capabilities.listsQuickly) await search;
  report.recordings = index.recordings.size;
  report.parked = index.entries.size - index.recordings.size;
  return { report, searched: search.catch((error: unknown) => index.report(error)) };
}

class Recovery {
  readonly #index: RecordIndex;
  readonly #report: Mutable<RecoveryReport>;

  constructor(index: RecordIndex, report: Mutable<RecoveryReport>) {
    this.#index = index;
    this.#report = report;
  }

  /** What a process left unfinished that is gone. */
  async settleEntries(): Promise<void> {
    const changes: Change[] = [];
    for (const entry of this.#index.entries.values()) {
      if (entry.removing === true) changes.push(await this.#finishRemoval(entry));
      else if (entry.status === "in_progress") changes.push(await this.#seal(entry));
    }
    if (changes.length > 0) await this.#index.journal.change(() => changes);
  }

  /** Entries without a file, and files without an entry. What was made since the log was opened is no business of ours. */
  async searchFiles(): Promise<void> {
    const entries = [...this.#index.entries.values()];
    // One set, and one pass over it: a page that is on show stands still meanwhile. No two entries share a file.
    const others = new Set(await this.#index.store.list(ENDING));
    const missing = entries.filter(({ file }) => !others.delete(file) && !this.#index.made.has(file));
    const adopted: Change[] = [];
    for (const file of others) {
      if (!this.#index.made.has(file)) adopted.push(...(await this.#adopt(file)));
    }
    if (missing.length + adopted.length === 0) return;
    await this.#index.journal.change(() => [...missing.flatMap(({ id }) => this.#missing(id)), ...adopted]);
  }

  async #finishRemoval(entry: StoredRecording): Promise<Change> {
    await this.#index.store.remove(entry.file);
    this.#report.removed.push(entry.id);
    return { drop: entry.id };
  }

  /** Somebody may have removed it in the meantime. */
  #missing(id: string): Change[] {
    const entry = this.#index.entries.get(id);
    if (entry === undefined || entry.removing === true) return [];
    const state = stepRecording(entry, { type: "file_missing" });
    if (state === entry) return [];
    this.#report.missing.push(entry.id);
    return [{ set: entry.id, fields: { status: state.status, batchId: state.batchId, reason: state.reason } }];
  }

  async #seal(entry: StoredRecording): Promise<Change> {
    const read = await this.#read(entry.file);
    if (read === "unreadable") {
      this.#report.missing.push(entry.id);
      const { status, batchId, reason } = stepRecording(entry, { type: "file_missing" });
      return { set: entry.id, fields: { status, batchId, reason } };
    }
    const scanned = read === undefined ? undefined : await this.#scan(entry.file, read);
    if (scanned === undefined) {
      this.#report.removed.push(entry.id);
      return { drop: entry.id };
    }
    this.#report.sealed.push(entry.id);
    const { frames, bytes, durationMs } = scanned;
    const delivered = Math.min(entry.delivered, frames);
    const { status } = stepRecording(entry, { type: "sealed", delivered: delivered === frames });
    return { set: entry.id, fields: { status, delivered, frames, bytes, durationMs } };
  }

  /** What the index does not know: its own words are enough. */
  async #adopt(file: string): Promise<Change[]> {
    const read = await this.#read(file);
    if (read === undefined) return [];
    if (read === "unreadable" || segmentFile(read.header.facts.id) !== file) {
      this.#report.unreadable.push(file);
      return [];
    }
    const scanned =
      read.header.facts.layout === "frames" ? await this.#scan(file, read) : await this.#whole(file, read);
    if (scanned === undefined) return [];
    this.#report.adopted.push(scanned.id);
    return [{ put: { ...scanned, status: "miss" } }];
  }

  /** Its sound frames; a torn tail is cut. Undefined, and the file is gone, where it has none. */
  async #scan(name: string, { header, file }: Read): Promise<StoredRecording | undefined> {
    const { facts } = header;
    const { frames, end, droppedBytes } = scanFrames(file, header.bytes, facts.firstSequence);
    if (droppedBytes > 0) this.#report.dropped.push({ file: name, bytes: droppedBytes });
    if (frames.length === 0) {
      await this.#index.store.remove(name);
      return undefined;
    }
    if (droppedBytes > 0) {
      await this.#index.store.write(name, end, new Uint8Array(0));
      this.#index.sync.touch(name);
    }
    const samples = frames.reduce((sum, frame) => sum + samplesOf(facts, frame), 0);
    return recordingOf({ facts, file: name, frames: frames.length, bytes: end, writtenMs: msOf(facts, samples) });
  }

  /** An import that did not come to its end was never announced: the person still has it, and a part is not the whole. */
  async #whole(name: string, { header, file }: Read): Promise<StoredRecording | undefined> {
    const { facts } = header;
    const content = file.subarray(header.bytes);
    const isWhole =
      content.length === facts.contentBytes &&
      (await contentId(facts.owner, new Blob([concat([content])]))) === facts.id;
    if (!isWhole) {
      this.#report.dropped.push({ file: name, bytes: file.length });
      await this.#index.store.remove(name);
      return undefined;
    }
    const { frames, durationMs } = soundOf(facts, content);
    return { ...recordingOf({ facts, file: name, frames, bytes: file.length, writtenMs: durationMs }) };
  }

  /** Undefined where there is no such file. */
  async #read(name: string): Promise<Read | "unreadable" | undefined> {
    try {
      const file = await this.#index.store.read(name, 0, Number.POSITIVE_INFINITY);
      const header = decodeHeader(file);
      return header === undefined ? "unreadable" : { header, file };
    } catch (error) {
      if (isHoldfastError(error) && error.code === "file_missing") return undefined;
      this.#index.report(error);
      return "unreadable";
    }
  }
}

interface Read {
  readonly header: SegmentHeader;
  readonly file: Uint8Array;
}
