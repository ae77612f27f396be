/**
 * Files that were dropped on this page, on their way into the recording log. From there the sync engine brings them to the
 * server, over reloads too; a file that the log could not take is said here and kept nowhere.
 */
import type { HoldfastClient, Recording } from "@holdfast/client";
import type { Message } from "../i18n/message.ts";
import { importFailure } from "./upload-words.ts";

export interface Import {
  readonly id: number;
  readonly file: File;
  /** Why it was not taken; null while it is being copied. */
  readonly failure: Message | null;
}

export interface ImportsState {
  readonly list: readonly Import[];
  /** Recordings that were dropped on this page, new or known. */
  readonly taken: ReadonlySet<string>;
  /** Recordings that were taken off the list. */
  readonly hidden: ReadonlySet<string>;
}

export interface ImportsDeps {
  client(): Promise<HoldfastClient>;
  nowMs(): number;
}

export class Imports {
  readonly #deps: ImportsDeps;
  readonly #listeners = new Set<() => void>();
  #state: ImportsState = { list: [], taken: new Set(), hidden: new Set() };
  #nextId = 1;

  constructor(deps: ImportsDeps) {
    this.#deps = deps;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): ImportsState => this.#state;

  /** True while leaving the page would lose something that the log does not have yet. */
  isCopying(): boolean {
    return this.#state.list.some(({ failure }) => failure === null);
  }

  /** Resolves when each is in the log or was refused. Never rejects. */
  async add(files: readonly File[]): Promise<void> {
    const added = files.map((file): Import => ({ id: this.#nextId++, file, failure: null }));
    this.#publish({ list: [...this.#state.list, ...added] });
    for (const each of added) await this.#take(each);
  }

  async retry(id: number): Promise<void> {
    const known = this.#state.list.find((each) => each.id === id);
    if (known === undefined || known.failure === null) return;
    this.#set(id, null);
    await this.#take(known);
  }

  dismiss(id: number): void {
    this.#publish({ list: this.#state.list.filter((each) => each.id !== id) });
  }

  hide(recordingId: string): void {
    this.#publish({ hidden: new Set([...this.#state.hidden, recordingId]) });
  }

  async #take({ id, file }: Import): Promise<void> {
    try {
      const client = await this.#deps.client();
      const { recording, isNew } = await keep(client, file, this.#deps.nowMs());
      const { taken, hidden } = this.#state;
      this.#publish({
        list: this.#state.list.filter((each) => each.id !== id),
        taken: new Set([...taken, recording.id]),
        hidden: new Set([...hidden].filter((each) => each !== recording.id)),
      });
      // The same file again is a wish to have it tried again, where it did not succeed.
      if (!isNew && recording.status !== "synced") await client.sync.retry([recording.id]);
    } catch (error) {
      this.#set(id, importFailure(error));
    }
  }

  #set(id: number, failure: Message | null): void {
    this.#publish({ list: this.#state.list.map((each) => (each.id === id ? { ...each, failure } : each)) });
  }

  #publish(change: Partial<ImportsState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

async function keep(
  { log }: HoldfastClient,
  file: File,
  nowMs: number,
): Promise<{ readonly recording: Recording; readonly isNew: boolean }> {
  // Recordings of Omi devices have a name format of their own, which tells when they began.
  if (file.name.toLowerCase().endsWith(".bin")) return await log.importBin(file.name, file);
  return await log.importSound(file.name, file, nowMs);
}

/**
 * What the first page shows of the log: files that came from outside and are not done, and those that were finished while the
 * page was open; the newest first.
 */
export function importedRows(
  recordings: Iterable<Recording>,
  { taken, hidden }: Pick<ImportsState, "taken" | "hidden">,
  openedAtMs: number,
): readonly Recording[] {
  const rows = [...recordings].filter(({ id, originalName, status, syncedAtMs }) => {
    if (originalName === null || hidden.has(id)) return false;
    return status !== "synced" || taken.has(id) || syncedAtMs >= openedAtMs;
  });
  return rows.sort((a, b) => b.startedAtMs - a.startedAtMs);
}
