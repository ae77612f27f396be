/**
 * A disk that fails on demand: everything is done by the real file system but the one call that is told to fail. Each call that
 * needs room counts: making a folder or an entry, writing, flushing. Removing and reading always work.
 */
import type { FileHandle } from "node:fs/promises";
import { type FileSystem, nodeFiles } from "@holdfast/store";

const OF_A_FILE = new Set<string | symbol>(["write", "writev", "truncate", "sync", "datasync"]);

export class FailingDisk {
  /** Calls that needed room since `arm`. */
  calls = 0;
  #failAt = Number.POSITIVE_INFINITY;
  #code = "ENOSPC";
  /** Bytes that one call of writing takes at most; a real disk may take fewer than it is given. */
  mostWritten: number = Number.POSITIVE_INFINITY;
  readonly files: FileSystem;

  constructor() {
    const step = (): void => this.#step();
    const guarded = (file: FileHandle): FileHandle => this.#guarded(file);
    this.files = {
      ...nodeFiles,
      mkdir: ((...args: Parameters<typeof nodeFiles.mkdir>) => {
        step();
        return nodeFiles.mkdir(...args);
      }) as FileSystem["mkdir"],
      open: async (path, flags, mode) => {
        if (flags !== "r") step();
        return guarded(await nodeFiles.open(path, flags, mode));
      },
      rename: async (from, to) => {
        step();
        await nodeFiles.rename(from, to);
      },
      link: async (from, to) => {
        step();
        await nodeFiles.link(from, to);
      },
      copyFile: async (from, to) => {
        step();
        await nodeFiles.copyFile(from, to);
      },
    };
  }

  /** The n-th call from now on fails, once; without a number none does. */
  arm(failAt: number = Number.POSITIVE_INFINITY, code = "ENOSPC"): void {
    this.calls = 0;
    this.#failAt = failAt;
    this.#code = code;
  }

  #step(): void {
    this.calls += 1;
    if (this.calls === this.#failAt) throw Object.assign(new Error(`${this.#code}: injected`), { code: this.#code });
  }

  #guarded(file: FileHandle): FileHandle {
    return new Proxy(file, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          if (!OF_A_FILE.has(name)) return Reflect.apply(value, target, args);
          const call = async (): Promise<unknown> => {
            this.#step();
            return await Reflect.apply(value, target, name === "writev" ? this.#less(args) : args);
          };
          return call();
        };
      },
    });
  }

  #less([chunks, ...rest]: unknown[]): unknown[] {
    const first = (chunks as Uint8Array[])[0];
    if (first === undefined || !Number.isFinite(this.mostWritten)) return [chunks, ...rest];
    return [[first.subarray(0, this.mostWritten)], ...rest];
  }
}
