/**
 * One disk that the processes of a world share, with the calls of the operating system that the blob folder is made of. A call
 * takes a moment; a process that dies before that moment never made the call, one that is stopped makes it when it goes on.
 * What was written stays when its process dies, as the pages of a kernel do: a loss of power is not simulated. Each call
 * that needs room may find none, write less than it was given, or take its process with it, before or after it happened.
 */
import type { FileSystem } from "@holdfast/store";
import type { SimProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/** What happens to one call that needs room. */
export type DiskFate = "fine" | "full" | "short" | "killed_before" | "killed_after";

export interface SimDiskOptions {
  readonly scheduler: Scheduler;
  readonly fate: () => DiskFate;
  /** Milliseconds of one call. */
  readonly delayMs: () => number;
  /** A file goes, under its path. */
  readonly onRemoved: (path: string) => void;
  /** Files that nobody can remove, for worlds with a planted fault. */
  readonly keeps?: RegExp;
}

type OpenFile = Awaited<ReturnType<FileSystem["open"]>>;

interface Bytes {
  data: Buffer;
  modifiedMs: number;
}

export interface DiskEntry {
  readonly path: string;
  /** Who made it. */
  readonly by: string;
}

interface Entry extends DiskEntry {
  /** Undefined for a folder. */
  readonly bytes: Bytes | undefined;
  modifiedMs: number;
}

/** One call, as it is done once its moment has come. */
interface Call<T> {
  readonly name: string;
  readonly needsRoom: boolean;
  /** Given "short" it may do less. */
  readonly happen: (fate: DiskFate) => T;
}

export class SimDisk {
  readonly #options: SimDiskOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: SimDiskOptions) {
    this.#options = options;
  }

  /** Files, in the order in which they were made. */
  get files(): DiskEntry[] {
    return [...this.#entries.values()].filter(({ bytes }) => bytes !== undefined);
  }

  /** Bytes of a file; undefined where there is none. */
  sizeOf(path: string): number | undefined {
    return this.#entries.get(path)?.bytes?.data.length;
  }

  /** Everything that lies there now was put there so much earlier. */
  age(ms: number): void {
    for (const entry of this.#entries.values()) {
      entry.modifiedMs -= ms;
      if (entry.bytes !== undefined) entry.bytes.modifiedMs -= ms;
    }
  }

  /** The disk as this process sees it: its calls stop with it. */
  filesOf(process: SimProcess): FileSystem {
    const call = <T>(name: string, happen: Call<T>["happen"]): Promise<T> =>
      this.#call(process, { name, needsRoom: false, happen });
    const grow = <T>(name: string, happen: Call<T>["happen"]): Promise<T> =>
      this.#call(process, { name, needsRoom: true, happen });
    const calls = {
      access: (path: string) => call("access", () => void this.#existing(path)),
      copyFile: (from: string, to: string) =>
        grow("copyFile", () => this.#put(process, to, { ...this.#file(from), data: this.#file(from).data })),
      link: (from: string, to: string) =>
        grow("link", () => {
          if (this.#entries.has(to)) throw failure("EEXIST");
          this.#put(process, to, this.#file(from));
        }),
      mkdir: (path: string) => grow("mkdir", () => this.#makeFolders(process, path)),
      open: (path: string, flags: string) =>
        this.#call(process, {
          name: "open",
          needsRoom: flags !== "r",
          happen: () => this.#open(process, path, flags),
        }),
      readdir: (path: string, options?: { withFileTypes?: boolean }) =>
        call("readdir", () => {
          this.#existing(path);
          const inside = [...this.#entries.values()].filter((entry) => parentOf(entry.path) === path);
          return inside.map(({ path: at, bytes }) => {
            const name = at.slice(path.length + 1);
            return options?.withFileTypes === true ? { name, isDirectory: () => bytes === undefined } : name;
          });
        }),
      readFile: (path: string) => call("readFile", () => Buffer.from(this.#file(path).data)),
      rename: (from: string, to: string) =>
        grow("rename", () => {
          this.#put(process, to, this.#file(from));
          this.#entries.delete(from);
        }),
      rm: (path: string, options?: { recursive?: boolean; force?: boolean }) =>
        call("rm", () => this.#remove(path, options?.force === true)),
      stat: (path: string) =>
        call("stat", () => {
          const { bytes, modifiedMs } = this.#existing(path);
          return { mtimeMs: bytes?.modifiedMs ?? modifiedMs, size: bytes?.data.length ?? 0 };
        }),
    };
    return calls as unknown as FileSystem;
  }

  #call<T>(process: SimProcess, { name, needsRoom, happen }: Call<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      process.after(this.#options.delayMs(), `disk ${name}`, () => {
        const fate = needsRoom ? this.#options.fate() : "fine";
        if (fate === "killed_before") return process.kill();
        if (fate === "full") return reject(failure("ENOSPC"));
        try {
          const result = happen(fate);
          if (fate === "killed_after") process.kill();
          else resolve(result);
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #open(process: SimProcess, path: string, flags: string): OpenFile {
    if (flags === "wx" && this.#entries.has(path)) throw failure("EEXIST");
    if (flags.startsWith("w")) this.#put(process, path, { data: Buffer.alloc(0), modifiedMs: this.#now() });
    const { bytes } = this.#existing(path);
    return this.#handle(process, bytes);
  }

  /** `bytes` is undefined for a folder, which can only be flushed. */
  #handle(process: SimProcess, bytes: Bytes | undefined): OpenFile {
    const call = <T>(name: string, needsRoom: boolean, happen: Call<T>["happen"]): Promise<T> =>
      this.#call(process, { name, needsRoom, happen });
    let at = 0;
    const content = (): Bytes => {
      if (bytes === undefined) throw failure("EISDIR");
      return bytes;
    };
    const handle = {
      writev: (chunks: readonly Uint8Array[], position?: number) =>
        call("write", true, (fate) => {
          const all = Buffer.concat(chunks);
          const written = fate === "short" ? all.subarray(0, Math.ceil(all.length / 2)) : all;
          const file = content();
          const from = position ?? at;
          const grown = Buffer.alloc(Math.max(file.data.length, from + written.length));
          file.data.copy(grown);
          written.copy(grown, from);
          file.data = grown;
          file.modifiedMs = this.#now();
          if (position === undefined) at += written.length;
          return { bytesWritten: written.length };
        }),
      read: (target: Uint8Array, offset: number, length: number, position: number) =>
        call("read", false, () => ({
          bytesRead: content().data.copy(target, offset, position, Math.min(position + length, content().data.length)),
        })),
      truncate: (length: number) =>
        call("truncate", true, () => {
          const file = content();
          const cut = Buffer.alloc(length);
          file.data.copy(cut);
          file.data = cut;
        }),
      stat: () => call("stat", false, () => ({ size: content().data.length, mtimeMs: content().modifiedMs })),
      sync: () => call("sync", bytes !== undefined, () => {}),
      datasync: () => call("sync", bytes !== undefined, () => {}),
      close: () => call("close", false, () => {}),
    };
    return handle as unknown as OpenFile;
  }

  #put(process: SimProcess, path: string, bytes: Bytes): void {
    const folder = this.#existing(parentOf(path));
    if (folder.bytes !== undefined) throw failure("ENOTDIR");
    folder.modifiedMs = this.#now();
    this.#entries.set(path, { path, by: process.name, bytes, modifiedMs: this.#now() });
  }

  #makeFolders(process: SimProcess, path: string): void {
    if (path === "/" || this.#entries.has(path)) return;
    this.#makeFolders(process, parentOf(path));
    const above = this.#entries.get(parentOf(path));
    if (above !== undefined) above.modifiedMs = this.#now();
    this.#entries.set(path, { path, by: process.name, bytes: undefined, modifiedMs: this.#now() });
  }

  #remove(path: string, isForced: boolean): void {
    if (!this.#entries.has(path)) {
      if (isForced) return;
      throw failure("ENOENT");
    }
    for (const [at, { bytes }] of this.#entries) {
      if (at !== path && !at.startsWith(`${path}/`)) continue;
      if (bytes !== undefined && this.#options.keeps?.test(at) === true) continue;
      this.#entries.delete(at);
      if (bytes !== undefined) this.#options.onRemoved(at);
    }
  }

  #existing(path: string): Entry {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw failure("ENOENT");
    return entry;
  }

  #file(path: string): Bytes {
    const { bytes } = this.#existing(path);
    if (bytes === undefined) throw failure("EISDIR");
    return bytes;
  }

  #now(): number {
    return this.#options.scheduler.nowMs;
  }
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/")) || "/";
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
