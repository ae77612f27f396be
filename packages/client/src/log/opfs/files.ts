/**
 * Files of the origin private file system, as a worker holds them: synchronous handles that write straight into the file. A
 * handle shuts everyone else out of its file, so few are open, and reading a file that is not being written needs none.
 * Calls are done one after the other: a handle that is being opened for one must not be asked for by another. Only `list` may
 * run beside them. Files with the same ending share a folder, since listing one costs a tenth of a millisecond a file.
 */
import { fileMissing, storageFailed, storageFull, writePastEnd } from "../store.ts";
import type { OpfsCall } from "./protocol.ts";

export interface SyncHandle {
  read(target: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

export interface OpfsFile {
  /** Missing in pages, and in browsers that have no such handles. */
  createSyncAccessHandle?(): Promise<SyncHandle>;
  getFile(): Promise<{
    slice(start: number, end: number): { arrayBuffer(): Promise<ArrayBuffer> };
    readonly size: number;
  }>;
}

export interface OpfsFolder {
  keys(): AsyncIterable<string>;
  getDirectoryHandle(name: string, options: { create: boolean }): Promise<OpfsFolder>;
  getFileHandle(name: string, options?: { create?: boolean }): Promise<OpfsFile>;
  removeEntry(name: string): Promise<void>;
}

const MAX_OPEN = 8;
/** The shelf of names without an ending; no ending looks like it. */
const PLAIN = ".-plain-";

export class OpfsFiles {
  readonly #root: () => Promise<OpfsFolder>;
  #folder: OpfsFolder | undefined;
  readonly #shelves = new Map<string, OpfsFolder>();
  /** In the order of their last use. */
  readonly #open = new Map<string, SyncHandle>();

  constructor(root: () => Promise<OpfsFolder>) {
    this.#root = root;
  }

  async do(call: OpfsCall): Promise<unknown> {
    switch (call.op) {
      case "open":
        this.#folder = await (await this.#root()).getDirectoryHandle(call.folder, { create: true });
        return undefined;
      case "list":
        return await this.#list(call.ending);
      case "read":
        return await this.#read(call.name, call.start, call.end);
      case "write":
        return await this.#write(call.name, call.at, call.bytes);
      case "sync":
        return (await this.#handle(call.name, false)).flush();
      case "remove":
        return await this.#remove(call.name);
      case "close":
        for (const name of [...this.#open.keys()]) this.#close(name);
        return undefined;
      default:
        return call satisfies never;
    }
  }

  async #list(ending: string | undefined): Promise<string[]> {
    const names: string[] = [];
    if (ending === undefined) {
      for await (const shelf of this.#whole().keys()) names.push(...(await this.#list(`.${shelf}`)));
      return names;
    }
    for await (const name of (await this.#shelf(ending)).keys()) names.push(name);
    return names;
  }

  async #read(name: string, start: number, end: number): Promise<Uint8Array> {
    const open = this.#open.get(name);
    if (open === undefined) {
      const file = await (await this.#existing(name)).getFile();
      return new Uint8Array(await file.slice(start, Math.min(end, file.size)).arrayBuffer());
    }
    const bytes = new Uint8Array(Math.max(0, Math.min(end, open.getSize()) - start));
    return bytes.subarray(0, open.read(bytes, { at: start }));
  }

  async #write(name: string, at: number, bytes: Uint8Array): Promise<void> {
    const handle = await this.#handle(name, true);
    const size = handle.getSize();
    if (at > size) throw writePastEnd(name, at, size);
    const written = bytes.length === 0 ? 0 : handle.write(bytes, { at });
    if (written < bytes.length) throw storageFull();
    if (at + bytes.length < size) handle.truncate(at + bytes.length);
  }

  async #remove(name: string): Promise<void> {
    this.#close(name);
    try {
      await (await this.#shelf(endingOf(name))).removeEntry(name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async #handle(name: string, create: boolean): Promise<SyncHandle> {
    const open = this.#open.get(name);
    this.#open.delete(name);
    if (open === undefined && this.#open.size >= MAX_OPEN) this.#close([...this.#open.keys()][0] ?? "");
    const handle = open ?? (await this.#openHandle(name, create));
    this.#open.set(name, handle);
    return handle;
  }

  /** What was not flushed would be lost to a loss of power without anybody knowing. */
  #close(name: string): void {
    const handle = this.#open.get(name);
    this.#open.delete(name);
    handle?.flush();
    handle?.close();
  }

  async #existing(name: string, create = false): Promise<OpfsFile> {
    try {
      return await (await this.#shelf(endingOf(name))).getFileHandle(name, { create });
    } catch (error) {
      throw isNotFound(error) ? fileMissing(name, error) : error;
    }
  }

  async #openHandle(name: string, create: boolean): Promise<SyncHandle> {
    const handle = await (await this.#existing(name, create)).createSyncAccessHandle?.();
    if (handle === undefined) throw storageFailed("this browser has no synchronous handles of files");
    return handle;
  }

  async #shelf(ending: string): Promise<OpfsFolder> {
    const known = this.#shelves.get(ending);
    if (known !== undefined) return known;
    const shelf = await this.#whole().getDirectoryHandle(ending.slice(1), { create: true });
    this.#shelves.set(ending, shelf);
    return shelf;
  }

  #whole(): OpfsFolder {
    if (this.#folder === undefined) throw new Error("the folder was not opened");
    return this.#folder;
  }
}

function endingOf(name: string): string {
  const dot = name.lastIndexOf(".");
  return dot === -1 || dot === name.length - 1 ? PLAIN : name.slice(dot);
}

function isNotFound(error: unknown): boolean {
  return typeof error === "object" && error !== null && "name" in error && error.name === "NotFoundError";
}
